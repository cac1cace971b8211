"""What is decided at the door."""
