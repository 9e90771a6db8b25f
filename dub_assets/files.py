"""From a file just made to an artifact in the store."""

import uuid
from pathlib import Path

from dubbing.stages import Artifact, Measurements
from resources.hashing import measure_sha256
from resources.storage.port import ObjectStore


def store_artifact(
    store: ObjectStore,
    job_id: uuid.UUID,
    file: Path,
    *,
    kind: str,
    path: str,
    media_type: str,
    measurements: Measurements | None = None,
) -> Artifact:
    """Put a file into the store under a key of ours; ``path`` is its name in the delivery.

    The key names the bytes too: what is made again never takes the place of what is being downloaded.
    """
    digest = measure_sha256(file)
    key = f"jobs/{job_id}/{digest[:16]}/{path.lower()}"
    store.put(key, file)
    return Artifact(kind, path, key, media_type, file.stat().st_size, digest, measurements or {})
