"""What the owner of the server enters with."""

TOKEN = "the-token-of-the-owner"
