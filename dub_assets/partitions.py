"""Every job is one partition of every asset."""

import dagster as dg

dub_jobs = dg.DynamicPartitionsDefinition(name="dub_jobs")
"""Partition key: the job's id."""
