"""`python -m infra.serve tests.faults.rivals.hurried:appointments`: the real service, by a clock that runs faster."""

from fastapi import FastAPI

from services.appointments.app import build
from tests.faults.rivals.pace import Pace


def appointments() -> FastAPI:
    """The service; when its holds run out is told by the faster clock."""
    return build(clock=Pace.told())
