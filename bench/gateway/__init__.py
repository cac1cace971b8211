"""The gateway beside nginx, beside the same forwarder over httpx, and at a steady rate on one core."""
