"""What the readers of a study get, and what becomes of their answers."""
