"""The page that says what a dataset is, by what stands on it."""
