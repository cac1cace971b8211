"""What is done with points, cards and privileges, by noun."""
