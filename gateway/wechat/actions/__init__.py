"""Acts on pushes."""
