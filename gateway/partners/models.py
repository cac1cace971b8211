"""New secrets."""

import secrets

from gateway.partners.rules import ALPHABET, RANDOM, checksum


def new_secret(prefix: str) -> str:
    """Prefix, 256 random bits, and their checksum."""
    random = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM))
    return prefix + random + checksum(random)
