"""Who of the house may see which client, why, and that they did."""
