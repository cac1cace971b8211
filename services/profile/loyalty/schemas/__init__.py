"""How loyalty goes over the wire, by noun."""
