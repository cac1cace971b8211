"""Reads over several capabilities, by what they are about."""
