"""What a client is told of her visits: that they are agreed, moved or called off, and that they are near."""
