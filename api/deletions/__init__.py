"""Erasing at once what a user wants to be gone."""
