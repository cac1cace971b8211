"""How it was: surveys, invitations, answers, and the work orders that put things right."""
