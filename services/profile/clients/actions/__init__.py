"""What people do with a client's record; what is done most stands here, the rest in the module of its noun."""

from services.profile.clients.actions.record import Newcomer, correct, name, register

__all__ = ["Newcomer", "correct", "name", "register"]
