"""Everyone who enters: counted at the door, called in turn, and known as far as she lets herself be known."""
