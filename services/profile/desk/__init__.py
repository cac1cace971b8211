"""What needs several capabilities at once: finding, recognising and showing a client."""
