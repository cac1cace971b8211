"""Starts, watches and stops the suite on one machine."""
