"""When we ask: which survey follows which touchpoint, and how long after."""
