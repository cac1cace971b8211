"""New keys for a running suite."""
