"""Reading receipts, claims, cash and sales by chat."""
