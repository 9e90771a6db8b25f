"""Erasing: what is kept no longer than the policy says, or no longer at all where somebody asked for it to go.

Belongs here: what is removed, in which order, and the receipts. What is due is decided in `dubbing.retention`, and
found by `resources.database.holdings`. Dagster's own records of jobs belong to `dub_assets.records`.

The order is always: the objects first, the rows after, both in one transaction that holds the job. A crash between
rolls the rows back, and the next sweep removes once more what is gone already.
"""
