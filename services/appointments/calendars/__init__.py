"""Calendars that advisors and boutiques subscribe to, and the file of a visit for its client."""
