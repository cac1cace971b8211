"""Days that a calendar decides: of work, and of festivals."""
