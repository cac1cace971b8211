"""The event log: how soon a fact is seen, and how many a second are carried, taken and replayed."""
