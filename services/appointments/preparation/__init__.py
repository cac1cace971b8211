"""The sheet that an advisor reads before a visit."""
