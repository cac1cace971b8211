"""What is done about the waiting list."""
