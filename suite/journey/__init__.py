"""The main journey through the running suite, over HTTP only."""
