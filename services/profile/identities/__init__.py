"""The ways we know a client, and which records are one and the same person."""
