"""What is done to people's and rooms' time; what is asked most stands here."""

from services.appointments.availability.actions.taking import (
    cut_short,
    give_back,
    give_back_all,
    keep,
    occupy,
    prolong,
    take_turns,
    try_turns,
)

__all__ = ["cut_short", "give_back", "give_back_all", "keep", "occupy", "prolong", "take_turns", "try_turns"]
