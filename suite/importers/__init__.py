"""Bringing data of other systems in, through the same API those systems would call."""
