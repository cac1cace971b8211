"""What a client's rights over her data come to here: erasing her, and reading out what is hers."""
