"""Commands as they are typed: what they print, how they end, what they leave."""
