"""A local double of WeChat: its endpoints, its refusals, its pushes, and a control API to play the user."""
