"""What the gateway shows of all services together."""
