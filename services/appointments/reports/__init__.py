"""What the appointments and visits come to, for those who lead; and how many will not come, for planning alone."""
