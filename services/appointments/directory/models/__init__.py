"""Pure computation of the directory: the public calendar, and files as rows."""
