"""Which boutique has what, now."""
