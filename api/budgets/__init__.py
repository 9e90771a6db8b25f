"""Budgets: what may be spent in a month, for operators."""
