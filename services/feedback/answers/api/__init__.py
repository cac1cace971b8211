"""Routes of answers: the page behind a link, for clients, and the list, for staff."""

from services.feedback.answers.api import links, lists

ROUTERS = [links.routes, lists.routes]
