"""A real Chromium against a real server: what a person sees, presses and hears."""
