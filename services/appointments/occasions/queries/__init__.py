"""Reads of occasions."""
