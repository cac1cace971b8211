"""Reading points, cards and privileges, by noun."""
