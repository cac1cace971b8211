"""Reading tasks, and how the house wants them."""
