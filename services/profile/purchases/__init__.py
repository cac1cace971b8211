"""Receipts and their lines, as the tills report them."""
