"""Addresses for recordings."""
