"""Whether the process can work."""
