"""Noting what a client is to be told, telling it, taking it back."""
