"""Days that a calendar decides."""
