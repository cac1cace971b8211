"""What is reckoned, out of what, and for whom."""
