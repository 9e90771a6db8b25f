"""What the engines in use offer."""
