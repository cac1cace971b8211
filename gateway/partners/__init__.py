"""POS and partner systems: their keys, their tokens, and the signatures of tills."""
