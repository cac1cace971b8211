"""`python -m infra.serve MODULE:FACTORY`: run one app of the suite until SIGTERM, then drain."""

import importlib
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.settings import load

DRAIN = 10  # seconds that requests under way get to finish


class Listen(BaseSettings):
    """Where a process listens."""

    model_config = SettingsConfigDict(env_prefix="MAISON_", extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)


def main(target: str) -> None:
    """Build the app and serve it."""
    listen = load(Listen)
    module, _, factory = target.partition(":")
    build: Callable[[], FastAPI] = getattr(importlib.import_module(module), factory)
    uvicorn.run(
        build(),
        host=listen.host,
        port=listen.port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=DRAIN,
        proxy_headers=False,
        h11_max_incomplete_event_size=32 * 1024,
    )


if __name__ == "__main__":
    main(sys.argv[1])
