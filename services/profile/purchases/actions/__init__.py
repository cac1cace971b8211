"""What tills, staff and clients do with receipts."""
