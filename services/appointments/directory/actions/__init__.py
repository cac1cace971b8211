"""What is done in the directory, by noun."""
