"""What is done about what clients ask for."""
