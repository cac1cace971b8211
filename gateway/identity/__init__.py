"""Who is at the door: accounts, sign-in, sessions, and the exchange of outer tokens for inner ones."""
