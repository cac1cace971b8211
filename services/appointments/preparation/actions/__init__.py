"""Laying out for a visit, and composing what is read before it."""
