"""What the house and its guests do about occasions."""
