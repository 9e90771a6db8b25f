"""Routes of artifacts."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Query

from api.access import PROTECTED, AccessDependency
from api.artifacts.schemas import ArtifactList, ArtifactQuery, DownloadReply
from api.artifacts.service import list_own_artifacts, open_download
from api.problems import document

router = APIRouter(tags=["artifacts"])


@router.get("/jobs/{job_id}/artifacts", responses=document(*PROTECTED, "malformed_request", "not_found"))
def list_artifacts(
    access: AccessDependency, job_id: uuid.UUID, query: Annotated[ArtifactQuery, Query()]
) -> ArtifactList:
    """List the files of a job: those of each language as soon as it is delivered, the manifest at the end.

    While a language is made again after an edit, its files of before are listed.
    """
    return list_own_artifacts(access, job_id, query)


@router.post(
    "/artifacts/{artifact_id}/download",
    status_code=201,
    responses=document(*PROTECTED, "malformed_request", "not_found", "download_gone"),
)
def create_download(access: AccessDependency, artifact_id: uuid.UUID) -> DownloadReply:
    """Get an address that gives the file once, to whoever asks first. Ask again for another address."""
    return open_download(access, artifact_id)
