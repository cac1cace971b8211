"""Campaigns: advisors turn to the clients of a list, each to her own, inside what the clients permit."""
