"""The recording itself: made by whoever uploads it, known to Dagster as the beginning of the line."""

import dagster as dg

from dub_assets.partitions import dub_jobs

source = dg.AssetSpec(
    "source",
    partitions_def=dub_jobs,
    group_name="dub",
    kinds={"audio"},
    description="The uploaded recording, inspected before the job was accepted. Not made here: submitted by a client.",
)
