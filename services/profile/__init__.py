"""Who the client is: one record per client and brand, and the one door out to her."""
