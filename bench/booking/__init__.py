"""Bookings: rivals for one slot, and the service's rate beside pgbench with the same statements."""
