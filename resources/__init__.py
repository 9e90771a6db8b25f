"""The doors: everything that touches the world outside the process.

Belongs here: settings (the only reader of the environment), the container, database, storage, engines, media.
Does not: decisions of dubbing (`dubbing`), Dagster (`dub_assets`), HTTP (`api`).
"""
