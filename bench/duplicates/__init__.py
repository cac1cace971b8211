"""How well records that are one person are told from those that are not."""
