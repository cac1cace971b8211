"""What the clock does for reports."""
