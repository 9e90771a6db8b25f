"""Listing a job's files, and giving addresses that work once."""

import secrets
import uuid

from api.access import Access
from api.artifacts.schemas import ArtifactList, ArtifactQuery, ArtifactReply, DownloadReply
from api.downloads.service import digest_token, is_gone
from api.jobs.service import find_own_job
from dubbing.errors import DownloadGoneError, NotFoundError
from resources.database.tables import Download

TOKEN_BYTES = 32


def list_own_artifacts(access: Access, job_id: uuid.UUID, query: ArtifactQuery) -> ArtifactList:
    """Return the files of a job that are proved and have not expired; the newest, or those of before too.

    Raises:
        NotFoundError: no such job of the caller's.
    """
    with access.transaction() as tx:
        job = find_own_job(access, tx, job_id)
        rows = tx.views.list_artifacts(job_id, all_revisions=query.all_revisions)
        if job.deletion_requested_at is not None:
            rows = []  # what is to be gone is not offered any more, whether or not it is gone
    return ArtifactList(items=[ArtifactReply.model_validate(row, from_attributes=True) for row in rows])


def open_download(access: Access, artifact_id: uuid.UUID) -> DownloadReply:
    """Make an address for one transfer.

    Raises:
        NotFoundError: no such file of the caller's.
        DownloadGoneError: it has expired, or is to be erased.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with access.transaction() as tx:
        artifact = tx.views.find_artifact(access.caller.user_id, artifact_id)
        if artifact is None:
            raise NotFoundError("There is no such artifact.")
        if is_gone(artifact, tx.jobs.get(artifact.job_id)):
            raise DownloadGoneError("The artifact has expired; submit the job again.")
        with tx.as_service():
            tx.downloads.add(
                Download(
                    id=uuid.uuid4(),
                    artifact_id=artifact_id,
                    user_id=access.caller.user_id,
                    token_digest=digest_token(token),
                    expires_at=artifact.expires_at,
                )
            )
    return DownloadReply(
        url=f"{access.container.settings.public_url}/v1/downloads/{token}", expires_at=artifact.expires_at
    )
