"""Alerts and their thresholds, for operators."""
