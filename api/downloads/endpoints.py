"""Routes of downloads. The token in the address is the only credential, as for every signed address."""

import base64
from typing import Annotated

from anyio import CancelScope, to_thread
from fastapi import APIRouter, Header, Path
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.access import ContainerDependency
from api.downloads.service import FileOnOffer, Transfer, begin_transfer, find_offer
from api.problems import document
from resources.storage.disposition import build_content_disposition

router = APIRouter(tags=["downloads"])

Token = Annotated[str, Path(min_length=16, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]

_FILE = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
_PROBLEMS = document(
    *("malformed_request", "not_found", "download_gone", "range_not_satisfiable"),
    *("storage_failed", "object_missing", "database_unavailable", "internal"),
)


class TransferResponse(StreamingResponse):
    """Sends a transfer, and closes it whether or not the client stayed to the end."""

    def __init__(self, transfer: Transfer) -> None:
        headers = build_headers(transfer.offer) | {"Content-Length": str(transfer.end - transfer.start)}
        if transfer.is_partial:
            total = transfer.offer.artifact.size_bytes
            headers["Content-Range"] = f"bytes {transfer.start}-{transfer.end - 1}/{total}"
        super().__init__(
            transfer.send(),
            206 if transfer.is_partial else 200,
            headers,
            media_type=transfer.offer.artifact.media_type,
        )
        self._transfer = transfer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(self._transfer.close)


def build_headers(offer: FileOnOffer) -> dict[str, str]:
    """Build the headers of a file, whole or in part."""
    digest = base64.b64encode(bytes.fromhex(offer.artifact.sha256)).decode()
    return {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "Content-Disposition": build_content_disposition(offer.name),
        "ETag": offer.etag,
        "Repr-Digest": f"sha-256=:{digest}:",
        "X-Content-Type-Options": "nosniff",
    }


@router.get(
    "/downloads/{token}",
    response_class=Response,
    responses={
        200: {"description": "The file.", **_FILE},
        206: {"description": "The part that was asked for.", **_FILE},
        **_PROBLEMS,
    },
)
def get_download(
    container: ContainerDependency,
    token: Token,
    range_: Annotated[str | None, Header(alias="Range", max_length=200, description="One range of bytes.")] = None,
    if_range: Annotated[
        str | None, Header(alias="If-Range", max_length=200, description="ETag that the range belongs to.")
    ] = None,
) -> Response:
    """Download a file. The first request takes the address; a broken transfer goes on with Range for a few minutes."""
    return TransferResponse(begin_transfer(container, token, range_, if_range))


@router.head(
    "/downloads/{token}",
    response_class=Response,
    responses={200: {"description": "The file is there."}, **_PROBLEMS},
)
def head_download(container: ContainerDependency, token: Token) -> Response:
    """Look at a file's headers without taking the address."""
    offer = find_offer(container, token)
    headers = build_headers(offer) | {"Content-Length": str(offer.artifact.size_bytes)}
    return Response(headers=headers, media_type=offer.artifact.media_type)
