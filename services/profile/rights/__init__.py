"""A client's rights over her data: what she may ask for, and what is done about it in the whole house."""
