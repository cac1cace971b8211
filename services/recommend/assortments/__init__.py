"""Pieces chosen for one client or one visit, each with its reason."""
