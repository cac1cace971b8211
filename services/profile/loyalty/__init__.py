"""What belonging is worth: points, cards of limited number, privileges."""
