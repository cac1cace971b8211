"""Reading clients; what is asked most stands here, the rest in the module of its noun."""

from services.profile.clients.queries.record import Client, birthday, birthdays, by_id, client, locked, spared

__all__ = ["Client", "birthday", "birthdays", "by_id", "client", "locked", "spared"]
