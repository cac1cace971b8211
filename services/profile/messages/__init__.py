"""The one door out: what may be sent to a client, and what became of it."""
