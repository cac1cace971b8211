"""Where requests come in: the threshold, the door, and the reference of what stands behind it."""
