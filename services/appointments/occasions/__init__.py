"""Occasions: who is invited to what, who comes, and that nobody is promised a seat that is not there."""
