"""Jobs put straight into the tables, for tests that need one and not how it came there."""

import uuid
from collections.abc import Sequence

from resources.database.connection import Database
from resources.database.tables import DubbingJob, Upload


def add_job(
    database: Database,
    languages: Sequence[str] = ("es", "pt-BR"),
    *,
    user_id: uuid.UUID | None = None,
    request_key: str = "k",
) -> uuid.UUID:
    """Add a queued job of a user, new if none is given; its recording is in no store."""
    user_id, job_id = user_id or uuid.uuid4(), uuid.uuid4()
    with database.transaction() as tx:
        tx.jobs.ensure_user(user_id)
        upload = tx.uploads.add(
            Upload(
                user_id=user_id,
                file_name="talk.wav",
                media_type="audio/wav",
                storage_key=f"sources/{job_id}",
                sha256="0" * 64,
                size_bytes=1,
                duration_ms=1000,
                media={"duration_ms": 1000},
            )
        )
        job = DubbingJob(id=job_id, user_id=user_id, upload_id=upload.id, request_key=request_key, engines={})
        tx.jobs.add_job(job, languages)
    return job_id
