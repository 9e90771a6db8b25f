"""The calls, as routes behind the gateway's prefix."""

from collections.abc import Callable
from datetime import datetime
from email.utils import formatdate
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from tests.support.supabase_storage import refusals
from tests.support.supabase_storage.bodies import receive
from tests.support.supabase_storage.refusals import RefusalError, answer_refusal
from tests.support.supabase_storage.serving import serve
from tests.support.supabase_storage.shelf import Bucket, Incoming, Shelf, StoredObject, check_key
from tests.support.supabase_storage.tokens import UPLOAD_TOKEN_LIFE_S, Tokens

PREFIX = "/storage/v1"


class Calls:
    """One method for each call of the REST interface."""

    def __init__(self, shelf: Shelf, tokens: Tokens) -> None:
        self._shelf = shelf
        self._tokens = tokens

    async def create_bucket(self, request: Request) -> Response:
        self._tokens.check_caller(request.headers)
        body = await request.json()
        bucket = Bucket(body["name"], body.get("file_size_limit"), body.get("allowed_mime_types"))
        self._shelf.add_bucket(bucket)
        return JSONResponse({"name": bucket.name})

    async def upload(self, request: Request) -> Response:
        bucket, key = self._open(request)
        upsert = request.headers.get("x-upsert") == "true"
        row = await self._store(request, bucket, key, upsert=upsert)
        return JSONResponse({"Key": f"{bucket.name}/{key}", "Id": row.id})

    async def sign_upload(self, request: Request) -> Response:
        bucket, key = self._open(request)
        upsert = request.headers.get("x-upsert") == "true"
        if key in bucket.objects and not upsert:
            raise refusals.taken()
        url = f"{bucket.name}/{key}"
        token = self._tokens.sign("upload", url, UPLOAD_TOKEN_LIFE_S, upsert=upsert)
        return JSONResponse({"url": f"/object/upload/sign/{url}?token={token}", "token": token})

    async def upload_signed(self, request: Request) -> Response:
        url = f"{request.path_params['bucket']}/{check_key(request.path_params['key'])}"
        claims = self._tokens.check(request.query_params.get("token"), "upload", url)
        bucket = self._shelf.get_bucket(request.path_params["bucket"])
        await self._store(request, bucket, request.path_params["key"], upsert=claims["upsert"] is True)
        return JSONResponse({"Key": url})

    async def sign_download(self, request: Request) -> Response:
        bucket, key = self._open(request, missing_bucket=refusals.no_such_key)
        life_s = _parse_life(await request.json())
        bucket.get(key)
        return JSONResponse({"signedURL": self._sign_download(bucket, key, life_s)})

    async def sign_downloads(self, request: Request) -> Response:
        self._tokens.check_caller(request.headers)
        bucket = self._shelf.get_bucket(request.path_params["bucket"])
        body = await request.json()
        life_s = _parse_life(body)
        missing = "Either the object does not exist or you do not have access to it"
        return JSONResponse(
            [
                {"error": None, "path": key, "signedURL": self._sign_download(bucket, key, life_s)}
                if key in bucket.objects
                else {"error": missing, "path": key, "signedURL": None}
                for key in body["paths"]
            ]
        )

    async def download_signed(self, request: Request) -> Response:
        bucket, key = request.path_params["bucket"], check_key(request.path_params["key"])
        claims = self._tokens.check(request.query_params.get("token"), "download", f"{bucket}/{key}")
        expiry = claims["exp"]
        assert isinstance(expiry, int)
        row = self._shelf.get_bucket(bucket).get(key)
        return serve(request, row, {"expires": formatdate(expiry, usegmt=True)})

    async def download(self, request: Request) -> Response:
        try:
            bucket, key = self._open(request)
        except RefusalError:
            raise refusals.no_such_bucket() from None
        row = bucket.get(key)
        return serve(request, row, {"cache-control": row.cache_control})

    async def info(self, request: Request) -> Response:
        bucket, key = self._open(request, missing_bucket=refusals.no_such_key)
        return JSONResponse(_describe(bucket, bucket.get(key)))

    async def move(self, request: Request) -> Response:
        bucket, source, target = await self._open_pair(request)
        row = bucket.objects.pop(source)
        row.key = target
        bucket.objects[target] = row
        return JSONResponse({"message": "Successfully moved"})

    async def copy(self, request: Request) -> Response:
        bucket, source, target = await self._open_pair(request)
        row = bucket.get(source)
        incoming = Incoming(self._shelf.folder)
        incoming.write(row.path.read_bytes())
        copy = self._shelf.store(bucket, target, incoming, media_type=row.media_type, cache_control=row.cache_control)
        return JSONResponse({"Key": f"{bucket.name}/{target}", "Id": copy.id})

    async def remove(self, request: Request) -> Response:
        self._tokens.check_caller(request.headers)
        bucket = self._shelf.get_bucket(request.path_params["bucket"])
        removed = []
        for key in (await request.json())["prefixes"]:
            if (row := bucket.objects.pop(key, None)) is not None:
                row.path.unlink()
                removed.append({"name": row.key, "bucket_id": bucket.name, "id": row.id, "version": row.version})
        return JSONResponse(removed)

    async def list(self, request: Request) -> Response:
        self._tokens.check_caller(request.headers)
        bucket = self._shelf.get_bucket(request.path_params["bucket"])
        body = await request.json()
        prefix = f"{body['prefix'].strip('/')}/".lstrip("/")
        entries: dict[str, dict[str, Any]] = {}
        for key in sorted(k for k in bucket.objects if k.startswith(prefix)):
            name, is_folder, _ = key.removeprefix(prefix).partition("/")
            entries[name] = _list_folder(name) if is_folder else _list_object(name, bucket.objects[key])
        offset = body.get("offset", 0)
        return JSONResponse(list(entries.values())[offset : offset + body.get("limit", 100)])

    def _open(
        self, request: Request, *, missing_bucket: Callable[[], RefusalError] = refusals.no_such_bucket
    ) -> tuple[Bucket, str]:
        self._tokens.check_caller(request.headers)
        key = check_key(request.path_params["key"])
        try:
            return self._shelf.get_bucket(request.path_params["bucket"]), key
        except RefusalError:
            raise missing_bucket() from None

    async def _open_pair(self, request: Request) -> tuple[Bucket, str, str]:
        self._tokens.check_caller(request.headers)
        body = await request.json()
        bucket = self._shelf.get_bucket(body["bucketId"])
        source, target = check_key(body["sourceKey"]), check_key(body["destinationKey"])
        bucket.get(source)
        if target in bucket.objects:
            raise refusals.taken()
        return bucket, source, target

    async def _store(self, request: Request, bucket: Bucket, key: str, *, upsert: bool) -> StoredObject:
        # Asked before the body is read and not again: of two at once, the last to finish wins, as on the real server.
        if key in bucket.objects and not upsert:
            raise refusals.taken()
        incoming = Incoming(self._shelf.folder)
        try:
            declared = await receive(request, bucket, incoming)
            return self._shelf.store(
                bucket, key, incoming, media_type=declared.media_type, cache_control=declared.cache_control
            )
        finally:
            incoming.discard()

    def _sign_download(self, bucket: Bucket, key: str, life_s: int) -> str:
        url = f"{bucket.name}/{key}"
        return f"/object/sign/{url}?token={self._tokens.sign('download', url, life_s)}"


def _parse_life(body: dict[str, Any]) -> int:
    life_s = int(body["expiresIn"])
    if life_s < 1:
        raise refusals.invalid_request("body/expiresIn must be >= 1")
    return life_s


def _describe(bucket: Bucket, row: StoredObject) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.key,
        "version": row.version,
        "bucket_id": bucket.name,
        "size": row.size_bytes,
        "content_type": row.media_type,
        "cache_control": row.cache_control,
        "etag": row.etag,
        "metadata": {},
        "last_modified": _stamp(row.updated_at),
        "created_at": _stamp(row.created_at),
    }


def _list_folder(name: str) -> dict[str, Any]:
    return dict.fromkeys(("id", "updated_at", "created_at", "last_accessed_at", "metadata")) | {"name": name}


def _list_object(name: str, row: StoredObject) -> dict[str, Any]:
    return {
        "name": name,
        "id": row.id,
        "updated_at": _stamp(row.updated_at),
        "created_at": _stamp(row.created_at),
        "last_accessed_at": _stamp(row.updated_at),
        "metadata": {
            "eTag": row.etag,
            "size": row.size_bytes,
            "mimetype": row.media_type,
            "cacheControl": row.cache_control,
            "lastModified": _stamp(row.updated_at),
            "contentLength": row.size_bytes,
            "httpStatusCode": 200,
        },
    }


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _forget(request: Request, error: Exception) -> Response:
    return Response(status_code=499)


def build_application(shelf: Shelf, tokens: Tokens) -> Starlette:
    """Put the calls on their routes."""
    calls = Calls(shelf, tokens)
    place = "/{bucket}/{key:path}"
    routes = [
        Route("/bucket", calls.create_bucket, methods=["POST"]),
        Route("/object/move", calls.move, methods=["POST"]),
        Route("/object/copy", calls.copy, methods=["POST"]),
        Route("/object/list/{bucket}", calls.list, methods=["POST"]),
        Route("/object/sign/{bucket}", calls.sign_downloads, methods=["POST"]),
        Route("/object/sign" + place, calls.sign_download, methods=["POST"]),
        Route("/object/sign" + place, calls.download_signed, methods=["GET", "HEAD"]),
        Route("/object/upload/sign" + place, calls.sign_upload, methods=["POST"]),
        Route("/object/upload/sign" + place, calls.upload_signed, methods=["PUT"]),
        Route("/object/info" + place, calls.info, methods=["GET"]),
        Route("/object/authenticated" + place, calls.download, methods=["GET", "HEAD"]),
        Route("/object/{bucket}", calls.remove, methods=["DELETE"]),
        Route("/object" + place, calls.download, methods=["GET", "HEAD"]),
        Route("/object" + place, calls.upload, methods=["POST"]),
    ]
    handlers = {RefusalError: answer_refusal, ClientDisconnect: _forget}
    return Starlette(routes=[Mount(PREFIX, routes=routes)], exception_handlers=handlers)
