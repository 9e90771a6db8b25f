"""What the caller used in a month, and what is left to spend."""
