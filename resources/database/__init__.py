"""Postgres: the embedded server, the tables, the repositories and the unit of work."""
