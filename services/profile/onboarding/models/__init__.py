"""Reading a file somebody brings, cell by cell."""
