"""Planning campaigns and carrying them out."""
