"""The machinery of the embedded Postgres: its files and locks, its place, its cluster, its process.

Who uses a server belongs in ``embedded.py``, when it starts and stops in ``keeper.py``. Imports the standard library
and ``dubbing.errors`` alone, because the keeper must be up at once; so nothing may be imported in the packages above.
"""
