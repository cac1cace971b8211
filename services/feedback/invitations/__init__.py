"""Whom we ask: one invitation per touchpoint, its link, and its way to the client."""
