"""The line: the six assets of a dub, as Dagster sees them.

Belongs here: assets, partitions, checks, IO, the failure handling of a stage, and `definitions`, the one
composition root of Dagster. Does not: how something is decided (`dubbing`) or reached (`resources`).
No heavy import at module level: every run pays for it.
"""
