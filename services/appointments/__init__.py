"""When she comes: boutiques and their people, free times, bookings, the sheet for a visit."""
