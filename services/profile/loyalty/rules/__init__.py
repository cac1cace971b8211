"""Decisions about points, cards and privileges, by noun."""
