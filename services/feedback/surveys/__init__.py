"""What we ask: surveys in versions; a published one never changes."""
