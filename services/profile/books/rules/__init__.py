"""What books decide, by noun."""
