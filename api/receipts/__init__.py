"""Receipts of what was erased: read by those whose it was."""
