"""What decides about occasions: the life of an invitation, seats, fatigue, and the pass at the door."""
