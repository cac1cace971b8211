"""How messages, permissions, the policy and what channels tell go over the wire."""
