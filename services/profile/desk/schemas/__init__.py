"""The desk on the wire, by what it is about."""
