"""Backup and restore of the suite's databases, all at one instant; the keys apart."""
