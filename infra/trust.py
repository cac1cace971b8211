"""Whose certificates this process believes, read once: five peers' clients took longer over it than over all else."""

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """The context of every client of this process."""
    return httpx.create_ssl_context(trust_env=False)
