"""Links: what their holders see, and what their maker."""
