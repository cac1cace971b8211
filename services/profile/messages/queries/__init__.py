"""Reading messages, and the ledger of what clients permit; what is asked most stands here."""

from services.profile.messages.queries.messages import Message, message
from services.profile.messages.queries.ways import blind, openids_of

__all__ = ["Message", "blind", "message", "openids_of"]
