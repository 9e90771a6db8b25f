"""Routes of artifacts."""

import uuid

from fastapi import APIRouter

from api.access import PROTECTED, AccessDependency
from api.artifacts.schemas import ArtifactList, DownloadReply
from api.artifacts.service import list_own_artifacts, open_download
from api.problems import document

router = APIRouter(tags=["artifacts"])


@router.get("/jobs/{job_id}/artifacts", responses=document(*PROTECTED, "malformed_request", "not_found"))
def list_artifacts(access: AccessDependency, job_id: uuid.UUID) -> ArtifactList:
    """List the files of a job: those of each language as soon as it is delivered, the manifest at the end."""
    return list_own_artifacts(access, job_id)


@router.post(
    "/artifacts/{artifact_id}/download",
    status_code=201,
    responses=document(*PROTECTED, "malformed_request", "not_found", "download_gone"),
)
def create_download(access: AccessDependency, artifact_id: uuid.UUID) -> DownloadReply:
    """Get an address that gives the file once, to whoever asks first. Ask again for another address."""
    return open_download(access, artifact_id)
