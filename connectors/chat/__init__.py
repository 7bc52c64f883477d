"""Touch the world."""
