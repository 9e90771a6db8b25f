"""Bodies of artifacts."""

import uuid
from datetime import datetime

from pydantic import Field

from api.schemas import Reply, Request


class ArtifactReply(Reply):
    """A file that was made for a job."""

    id: uuid.UUID
    language: str | None = Field(description="None for what belongs to the whole job.", examples=["pt-BR"])
    kind: str = Field(examples=["dub"])
    revision: int = Field(ge=1, description="Of the job, as of the last edit that this file was made for.")
    path: str = Field(description="Its name in the manifest.", examples=["pt-BR/dub.m4a"])
    media_type: str = Field(examples=["audio/mp4"])
    size_bytes: int
    sha256: str
    created_at: datetime
    expires_at: datetime


class ArtifactQuery(Request):
    """Which files to list."""

    all_revisions: bool = Field(
        default=False, description="Also those that were made before later edits, until they expire."
    )


class ArtifactList(Reply):
    """Files of a job that can be downloaded now."""

    items: list[ArtifactReply]


class DownloadReply(Reply):
    """An address for one transfer of one file; a secret until it was used."""

    url: str = Field(examples=["https://api.example.com/v1/downloads/2fQ3…"])
    expires_at: datetime
