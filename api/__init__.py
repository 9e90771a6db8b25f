"""The desk: what clients reach over HTTP, a package for each noun.

Belongs here: requests, replies, who may see what. Not here: the work itself; the desk writes a job and reads what
became of it. It never imports Dagster: the two meet only in Postgres.
"""
