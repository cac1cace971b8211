"""What she said: the answer page behind a link, and the answers."""
