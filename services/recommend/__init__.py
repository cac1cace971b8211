"""What to show her: the pieces there are, where they are, what she likes, and what was chosen for a visit."""
