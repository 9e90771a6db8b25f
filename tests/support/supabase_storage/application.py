"""The calls, as routes behind the gateway's prefix."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from tests.support.supabase_storage import refusals
from tests.support.supabase_storage.bodies import receive
from tests.support.supabase_storage.listings import check_removal, describe, describe_bucket, list_flat, list_folder
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

    async def get_bucket(self, request: Request) -> Response:
        self._tokens.check_caller(request.headers)
        return JSONResponse(describe_bucket(self._shelf.get_bucket(request.path_params["bucket"])))

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
        bucket = self._find_bucket(request)
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
        return JSONResponse(describe(bucket, bucket.get(key)))

    async def move(self, request: Request) -> Response:
        bucket, source, target = await self._open_pair(request)
        row = bucket.objects.pop(source)
        row.key, row.version, row.updated_at = target, str(uuid.uuid4()), datetime.now(UTC)
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
        bucket = self._find_bucket(request)
        keys = (await request.json())["prefixes"]
        check_removal(keys)
        # What is not there, or hidden by a policy, is passed over without a word; so is everything in no bucket at all.
        there = [key for key in dict.fromkeys(keys) if key in bucket.objects and key not in bucket.kept]
        gone = [bucket.objects.pop(key) for key in there]
        for row in gone:
            row.path.unlink()
        return JSONResponse(
            [{"name": row.key, "bucket_id": bucket.name, "id": row.id, "version": row.version} for row in gone]
        )

    async def list(self, request: Request) -> Response:
        self._tokens.check_caller(request.headers)
        bucket = self._shelf.get_bucket(request.path_params["bucket"])
        return JSONResponse(list_folder(bucket, await request.json()))

    async def list_v2(self, request: Request) -> Response:
        self._tokens.check_caller(request.headers)
        return JSONResponse(list_flat(self._find_bucket(request), await request.json()))

    def _find_bucket(self, request: Request) -> Bucket:
        """Give an empty one where there is none: some calls only ask for rows with the bucket's name."""
        try:
            return self._shelf.get_bucket(request.path_params["bucket"])
        except RefusalError:
            return Bucket(request.path_params["bucket"])

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


async def _forget(request: Request, error: Exception) -> Response:
    return Response(status_code=499)


def build_application(shelf: Shelf, tokens: Tokens) -> Starlette:
    """Put the calls on their routes."""
    calls = Calls(shelf, tokens)
    place = "/{bucket}/{key:path}"
    routes = [
        Route("/bucket", calls.create_bucket, methods=["POST"]),
        Route("/bucket/{bucket}", calls.get_bucket, methods=["GET"]),
        Route("/object/move", calls.move, methods=["POST"]),
        Route("/object/copy", calls.copy, methods=["POST"]),
        Route("/object/list-v2/{bucket}", calls.list_v2, methods=["POST"]),
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
