"""Files made by code: of every kind that NumPy can write, and damaged in every way we know."""
