"""What may stand on a receipt, and who may have it."""
