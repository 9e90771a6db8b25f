"""Bodies of uploads."""

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from api.schemas import Reply, Request, Text

Sha256 = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{64}$"),
    Field(
        description="Lower-case hexadecimal.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]


class UploadRequest(Request):
    """A recording that a client is about to send."""

    filename: Annotated[
        Text,
        StringConstraints(min_length=1, max_length=255),
        Field(description="Name for people.", examples=["talk.wav"]),
    ]
    content_type: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,60}$"),
        Field(description="Media type, without parameters.", examples=["audio/wav"]),
    ]
    size_bytes: Annotated[int, Field(ge=1, le=1 << 50, examples=[445_000])]
    sha256: Sha256


class UploadReply(Reply):
    """Where to send the recording. The address is a secret until it expires."""

    upload_id: uuid.UUID
    method: str = Field(examples=["PUT"])
    url: str
    headers: dict[str, str] = Field(
        description="To be sent exactly so, with the recording as the body.", examples=[{"content-type": "audio/wav"}]
    )
    expires_at: datetime
