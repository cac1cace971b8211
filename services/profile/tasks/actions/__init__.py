"""Opening tasks, carrying them out, moving them."""
