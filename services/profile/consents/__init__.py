"""What a client allows, purpose by purpose."""
