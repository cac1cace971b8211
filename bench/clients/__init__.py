"""Finding a client as her name is typed, and opening her page, in a house of hundreds of thousands."""
