"""Who may see what of a server, and how its owner enters."""
