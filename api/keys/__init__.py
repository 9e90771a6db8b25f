"""The public keys of an installation that signs its own tokens."""
