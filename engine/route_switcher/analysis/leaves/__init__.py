"""What each leaf of a condition means: in words, in a fault, after it, and under random loss."""
