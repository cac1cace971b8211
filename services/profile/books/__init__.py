"""Whose client she is: one advisor per client."""
