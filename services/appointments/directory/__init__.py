"""Regions, boutiques, rooms, advisors, their hours, and what can be booked."""
