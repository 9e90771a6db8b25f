"""The craft: pure values and decisions of dubbing.

Belongs here: units, languages, segmentation, timing, captions, mix decisions, states, the manifest.
Does not: sockets, disks, clocks, the environment, Dagster, SQL. Nothing of ours is imported from here.
"""
