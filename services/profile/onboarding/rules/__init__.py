"""The life of an import, what a file may say, and why a line is not taken."""
