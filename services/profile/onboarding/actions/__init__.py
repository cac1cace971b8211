"""Bringing a house's old files in, and taking back what they wrote."""
