"""How each operation is asked, by service; an operation that is not named needs nothing but its path."""
