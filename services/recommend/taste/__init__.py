"""What is known of a client here: what she bought, whether we may use it, when she comes."""
