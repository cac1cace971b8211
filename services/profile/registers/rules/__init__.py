"""What the registers hold and what follows from it, by the law (PIPL; NDR: regulation on network data security)."""
