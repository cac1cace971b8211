"""Which segment a client is in, as the brand reckons it."""
