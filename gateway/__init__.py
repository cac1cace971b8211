"""The one door: sign-in, tokens, limits, and every request streamed on to the service that owns it."""
