"""How long things are kept: declared per category, swept by the service that keeps them, written down in counts."""
