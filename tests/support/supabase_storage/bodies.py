"""Reading an upload's body, as it comes: a form with the file in it, or the bare bytes."""

from dataclasses import dataclass

from starlette.requests import Request
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from tests.support.supabase_storage import refusals
from tests.support.supabase_storage.shelf import Bucket, Incoming


@dataclass(frozen=True)
class Declared:
    """What the client says of its bytes; nobody looks at them."""

    media_type: str
    cache_control: str


async def receive(request: Request, bucket: Bucket, incoming: Incoming) -> Declared:
    """Write the body's file to ``incoming`` and hold it to what the server holds it to."""
    content_type = request.headers.get("content-type", "application/octet-stream")
    kind, options = parse_options_header(content_type)
    if kind == "multipart/form-data":
        return await _receive_form(request, bucket, incoming, options.get("boundary", ""))
    bucket.check_type(content_type)
    # A body of no declared length is held to no limit: the real server's own gap.
    bucket.check_size(int(request.headers.get("content-length", 0)))
    async for block in request.stream():
        incoming.write(block)
    return Declared(content_type, request.headers.get("cache-control", "no-cache"))


async def _receive_form(request: Request, bucket: Bucket, incoming: Incoming, boundary: str) -> Declared:
    decoder = MultipartDecoder(boundary.encode())
    values: dict[str, str] = {}
    name, media_type = "", None
    async for block in request.stream():
        decoder.receive_data(block or None)
        while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
            match event:
                case Field():
                    name = event.name
                case File():
                    name, media_type = "", event.headers.get("content-type", "application/octet-stream")
                    bucket.check_type(media_type)
                case Data() if name:
                    values[name] = values.get(name, "") + event.data.decode()
                case Data():
                    incoming.write(event.data)
                    bucket.check_size(incoming.size_bytes)
    if media_type is None:
        raise refusals.invalid_request("body must have a file")
    return Declared(media_type, f"max-age={values.get('cacheControl', '3600')}")
