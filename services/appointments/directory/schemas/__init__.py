"""Wire models of the directory, by noun."""
