"""Collections and what is done with them, by their pages and forms."""
