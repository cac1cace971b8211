"""Plumbing that every process of Maison stands on; it knows no business noun."""
