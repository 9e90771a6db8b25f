"""Answering a download: Range, HEAD, conditions, and the headers that go with them."""

import re
from collections.abc import AsyncIterator
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tests.support.supabase_storage import refusals
from tests.support.supabase_storage.shelf import StoredObject

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_BLOCK_BYTES = 1 << 16


def serve(request: Request, row: StoredObject, caching: dict[str, str]) -> Response:
    """Give the bytes asked for; ``caching`` says how long they may be kept."""
    headers = {
        "accept-ranges": "bytes",
        "content-type": row.media_type,
        "etag": row.etag,
        "last-modified": format_datetime(row.updated_at, usegmt=True),
        "x-robots-tag": "none",
        **caching,
    }
    if (name := request.query_params.get("download")) is not None:
        headers["content-disposition"] = _attach(name)
    if _is_known(request, row):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    start, end, status = 0, row.size_bytes, HTTPStatus.OK
    wanted = request.headers.get("range")
    if wanted is not None and request.headers.get("if-range", row.etag) == row.etag:
        start, end = _parse_range(wanted, row.size_bytes)
        status = HTTPStatus.PARTIAL_CONTENT
        headers["content-range"] = f"bytes {start}-{end - 1}/{row.size_bytes}"
    headers["content-length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_read(row.path, start, end), status_code=status, headers=headers)


def _attach(name: str) -> str:
    if not name:
        return "attachment"
    quoted = quote(name, safe="")
    return f"attachment; filename={quoted}; filename*=UTF-8''{quoted}"


def _is_known(request: Request, row: StoredObject) -> bool:
    if (tags := request.headers.get("if-none-match")) is not None:
        return row.etag in [tag.strip() for tag in tags.split(",")]
    if (since := request.headers.get("if-modified-since")) is not None:
        return row.updated_at.replace(microsecond=0) <= parsedate_to_datetime(since)
    return False


def _parse_range(wanted: str, size_bytes: int) -> tuple[int, int]:
    match = _RANGE.fullmatch(wanted)
    if match is None or match.groups() == ("", ""):
        raise refusals.bad_range()
    first, last = match.groups()
    if not first:
        start, end = max(0, size_bytes - int(last)), size_bytes
    else:
        start, end = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
    if start >= end:
        raise refusals.bad_range()
    return start, end


async def _read(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < end and (block := file.read(min(_BLOCK_BYTES, end - start))):
            start += len(block)
            yield block
