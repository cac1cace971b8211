"""What people and machines do to come in, and what ends it."""
