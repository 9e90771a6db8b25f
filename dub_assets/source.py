"""The recording itself: made by whoever uploads it, known to Dagster as the beginning of the line."""

import uuid
from collections.abc import Mapping
from typing import Any

import dagster as dg

from dub_assets.partitions import dub_jobs
from resources.database.tables import Upload

source = dg.AssetSpec(
    "source",
    partitions_def=dub_jobs,
    group_name="dub",
    kinds={"audio"},
    owners=["team:dubbing"],
    description="The uploaded recording. Not made here: submitted by a client.",
)


def report_job(instance: dg.DagsterInstance, job_id: uuid.UUID, upload: Upload, file: str) -> None:
    """Make Dagster know a job: its partition first, for a run of an unknown one would work and then fail.

    Args:
        file: where operators find the recording.
    """
    instance.add_dynamic_partitions(str(dub_jobs.name), [str(job_id)])
    instance.report_runless_asset_event(describe_source(job_id, upload, file))


def describe_source(job_id: uuid.UUID, upload: Upload, file: str) -> dg.AssetMaterialization:
    """Tell operators what a job's recording is; of one that was not decoded yet, what is known of it.

    Args:
        file: where operators find the recording.
    """
    known = {"size_bytes": upload.size_bytes, "sha256": upload.sha256, **_describe_media(upload.media or {})}
    return dg.AssetMaterialization(
        source.key, partition=str(job_id), metadata={"file": dg.MetadataValue.path(file), **known}
    )


def _describe_media(media: Mapping[str, Any]) -> dict[str, float | int | str]:
    if "loudness" not in media:
        return {}
    return {
        "duration_s": media["duration_ms"] / 1000,
        "format": f"{media['container']}/{media['codec']}",
        "rate_hz": media["rate_hz"],
        "channels": media["channels"],
        "integrated_lufs": media["loudness"]["integrated_lufs"],
    }
