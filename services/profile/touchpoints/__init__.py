"""Every recorded contact with a client, in one line of time."""
