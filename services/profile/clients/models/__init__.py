"""What is reckoned about a client: the keys of her names, and the days she keeps."""
