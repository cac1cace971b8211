"""What officers do with the registers."""
