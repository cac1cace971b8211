"""The registers on the wire."""
