"""The client herself: her names and days, what she likes, what is noted of her, who is what to her."""
