"""Reading books; what is asked most stands here, the rest in the module of its noun."""

from services.profile.books.queries.owners import Entry, Owner, book, owner_of, owners, serves, work_at, works_at

__all__ = ["Entry", "Owner", "book", "owner_of", "owners", "serves", "work_at", "works_at"]
