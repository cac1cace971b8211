"""The pieces of the house."""
