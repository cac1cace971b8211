"""What is done about a client, by when, how it goes on, and what comes before what."""

from services.profile.tasks.rules.kinds import Kind

__all__ = ["Kind"]
