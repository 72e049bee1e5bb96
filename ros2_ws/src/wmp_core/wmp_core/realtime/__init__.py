"""A loop that keeps its rate, honest timing of it, and what the operating system can do for it."""
