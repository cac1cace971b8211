"""Inviting clients, and handing the invitations over to profile."""
