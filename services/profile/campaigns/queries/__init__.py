"""Reading campaigns, whom they are for, and what comes of them."""
