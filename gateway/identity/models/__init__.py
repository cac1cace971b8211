"""Pure computation of sign-in: password hashes and signed tokens."""
