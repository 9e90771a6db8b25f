"""Buying from engines: what was bought before is found again, what is new goes through limits, retries and the ledger.

The engines of this machine cost nothing, and are bought from in the same way: one path for every engine.
"""
