"""What the house's purchases teach about pieces."""
