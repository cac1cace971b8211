"""The waiting list: an offer is a hold, made only to whom it can be told."""
