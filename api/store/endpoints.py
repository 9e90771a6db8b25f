"""Uploads to and downloads from the folder store; the signature in the address is the only credential."""

import mimetypes
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

import anyio
from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse

from api.store.conditions import is_unchanged
from dubbing.errors import NotFoundError, ObjectMissingError, UploadMismatchError
from resources.storage.disposition import build_content_disposition
from resources.storage.folder import FolderStore, describe
from resources.storage.incoming import IncomingObject

IDLE_S = 60.0
"""An upload that sends nothing for so long is given up."""

PRIVATE = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}


def build_store_router(store: FolderStore, *, idle_s: float = IDLE_S) -> APIRouter:
    """Make the two calls that a signed address of the folder store leads to; to be mounted under ``/v1``.

    They are not in the schema: clients use addresses as given, and another store has other ones.
    """
    router = APIRouter(include_in_schema=False)

    @router.put("/store/{key:path}", status_code=HTTPStatus.CREATED)
    async def upload(
        key: str,
        request: Request,
        content_type: Annotated[str, Header()] = "",
        content_length: Annotated[str, Header()] = "",
    ) -> Response:
        claims = await run_in_threadpool(store.verify, "PUT", key, request.query_params.multi_items())
        if content_type != claims["type"]:
            raise UploadMismatchError("The upload has another Content-Type than declared; send the headers as given.")
        if content_length != claims["size"]:
            raise UploadMismatchError("The upload has another Content-Length than declared; send the declared bytes.")
        receiving = store.receive(key, size_bytes=int(claims["size"]), sha256=claims["sha256"])
        incoming = await run_in_threadpool(receiving.__enter__)
        try:
            await _receive(request, incoming, idle_s)
        finally:
            await _in_any_case(lambda: receiving.__exit__(None, None, None))
        return Response(status_code=HTTPStatus.CREATED, headers=PRIVATE)

    @router.api_route("/store/{key:path}", methods=["GET", "HEAD"])
    def download(key: str, request: Request) -> Response:
        claims = store.verify("GET", key, request.query_params.multi_items())
        try:
            path = store.get_path(key)
            found = path.stat()
        except (ObjectMissingError, FileNotFoundError):
            raise NotFoundError("There is nothing at this address any more.") from None
        etag = f'"{describe(found).etag}"'
        headers = {**PRIVATE, "ETag": etag, "Content-Disposition": build_content_disposition(claims.get("name"))}
        if is_unchanged(request.headers, etag=etag, changed_at_s=found.st_mtime):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        media_type = mimetypes.guess_type(key)[0] or "application/octet-stream"
        return FileResponse(path, headers=headers, media_type=media_type, stat_result=found)

    return router


async def _receive(request: Request, incoming: IncomingObject, idle_s: float) -> None:
    """Write block by block as they come; nothing of the body is kept in memory."""
    blocks = request.stream()
    try:
        while True:
            with anyio.fail_after(idle_s):
                block = await anext(blocks, None)
            if block is None:
                break
            await run_in_threadpool(incoming.write, block)
    except (ClientDisconnect, TimeoutError):
        raise UploadMismatchError("The upload broke off; send it again.") from None
    await run_in_threadpool(incoming.finish)


async def _in_any_case(clean_up: Callable[[], object]) -> None:
    """Run in a thread to the end, even while the request is being cancelled."""
    with anyio.CancelScope(shield=True):
        await run_in_threadpool(clean_up)
