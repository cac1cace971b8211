"""The client herself: her names, how she is addressed, how she is found by name."""
