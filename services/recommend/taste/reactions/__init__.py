"""What the other services tell us. Every effect is an insert, an update or a delete by key: safe to repeat."""

from services.recommend.taste.reactions import clients, purchases, visits

REACTIONS = [*purchases.REACTIONS, *clients.REACTIONS, *visits.REACTIONS]
