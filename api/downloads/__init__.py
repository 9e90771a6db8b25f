"""One-time downloads."""
