"""The routes of books, by what they are about."""

from services.profile.books.api import book, contacts, handed, handovers

ROUTERS = [book.routes, handovers.routes, handed.routes, contacts.routes]
