"""Appointments from the hold to the end of the visit."""
