"""Chaos: jobs in a really running stack while its processes are killed, its vendors fail and its store breaks."""
