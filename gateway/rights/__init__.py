"""What a client's rights over her data come to at the door: erasing her ends her sign-ins."""
