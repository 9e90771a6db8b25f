"""Supabase Storage as object store, through the official SDK.

The SDK holds whole objects in memory when it downloads, so bytes are read by signed addresses, in blocks. It makes no
second attempt of its own; neither do we, but for downloads.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from dubbing.errors import ObjectMissingError, StorageError, UploadTakenError
from resources.storage.download import download
from resources.storage.port import ObjectInfo, SignedUpload, StoredObject, build_prefix, check_key
from resources.storage.supabase_bulk import delete_keys, list_bucket
from resources.storage.supabase_refusals import (
    MISSING,
    build_transport_error,
    is_missing,
    read_refusal,
    speaking_to_supabase,
)

if TYPE_CHECKING:
    from storage3 import SyncStorageClient
    from storage3._sync.file_api import SyncBucketProxy
    from storage3.types import URLOptions

TIMEOUT_S = 60.0
"""For each block sent or received, not for the whole: the SDK's own 20 s would end long uploads on a busy server."""

CONNECT_TIMEOUT_S = 10.0

BLOCK_BYTES = 1 << 20

READ_ADDRESS_LIFE_S = 300
"""How long an address that we read by lasts; asked for anew each time, and only its beginning has to fall within."""


class SupabaseStore:
    """Objects in one private bucket, reached with the project's secret key, which no policy binds.

    Args:
        url: address of the project, ``https://<ref>.supabase.co``.
        secret_key: ``sb_secret_…``, or the older service role key. Sent as ``apikey`` and as bearer, as the SDK
            does with both kinds: the gateway exchanges the new kind, which is not a token.
        bucket: it must exist.
        timeout_s: for each block sent or received.
    """

    def __init__(self, url: str, secret_key: str, bucket: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._url = f"{url.rstrip('/')}/storage/v1/"
        self._headers = {"apikey": secret_key, "Authorization": f"Bearer {secret_key}"}
        self._bucket_name = bucket
        self._timeout = httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S)

    @cached_property
    def _client(self) -> "SyncStorageClient":
        from storage3 import SyncStorageClient

        # Redirects would carry the key to whoever is named.
        client = httpx.Client(timeout=self._timeout, follow_redirects=False)
        return SyncStorageClient(self._url, self._headers, http_client=client)

    @property
    def _bucket(self) -> "SyncBucketProxy":
        return self._client.from_(self._bucket_name)

    def put(self, key: str, file: Path, *, media_type: str = "application/octet-stream") -> None:
        """Send the open file; the server lets the object appear once it has all of it."""
        check_key(key)
        with file.open("rb") as source, speaking_to_supabase():
            # Kept by no cache: another object may take the place of this one.
            self._bucket.upload(key, source, {"upsert": "true", "content-type": media_type, "cache-control": "0"})

    @contextmanager
    def fetch(self, key: str, *, sha256: str | None = None) -> Iterator[Path]:
        """Download by a signed address to a temporary file."""
        with download(self._sign_reading(key), sha256=sha256, is_missing=is_missing) as path:
            yield path

    @contextmanager
    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[Iterator[bytes]]:
        """Stream by a signed address; what lies past the end of the object is left out."""
        url = self._sign_reading(key)
        if end is not None and end <= start:
            yield iter(())
            return
        headers = {"Accept-Encoding": "identity"}
        if start or end is not None:
            headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        with httpx.Client(timeout=self._timeout, follow_redirects=False) as client:
            try:
                response = client.send(client.build_request("GET", url, headers=headers), stream=True)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise build_transport_error(error) from None
            with closing(response):
                yield _read_blocks(response, ranged="Range" in headers)

    def find_info(self, key: str) -> ObjectInfo | None:
        """Ask for the object's row; a missing bucket is an error, not a missing object."""
        check_key(key)
        try:
            with speaking_to_supabase():
                info = self._bucket.info(key)
                return ObjectInfo(size_bytes=int(info["size"]), etag=str(info["etag"]))
        except ObjectMissingError:
            return None

    def move(self, key: str, target: str) -> None:
        """Rename; the server never replaces, so where the target is taken there is a moment with nothing under it."""
        check_key(key)
        check_key(target)
        try:
            with speaking_to_supabase():
                self._bucket.move(key, target)
        except UploadTakenError:
            # Nothing may be removed for the sake of an object that is not there, or is the same one.
            if self.find_info(key) is None:
                raise ObjectMissingError(MISSING) from None
            if key == target:
                return
            self.delete(target)
            with speaking_to_supabase():
                self._bucket.move(key, target)

    def delete(self, key: str) -> None:
        """Remove the object; the server says nothing of what was not there, so that is asked for."""
        if self.delete_many([check_key(key)]):
            raise StorageError(
                "Supabase Storage did not remove an object; check that DUBLINE_SUPABASE_SECRET_KEY is a secret key."
            )

    def list_objects(self, prefix: str = "") -> Iterator[StoredObject]:
        """Read the bucket in pages of a thousand, each after the last key of the one before."""
        return list_bucket(self._client, self._bucket_name, build_prefix(prefix))

    def delete_many(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Remove 500 with each request, and ask again for those of which the server says nothing."""
        return delete_keys(self._client, self._bucket_name, keys)

    def locate(self, key: str) -> str:
        """Give the bucket and the key."""
        return f"supabase://{self._bucket_name}/{check_key(key)}"

    def sign_upload(
        self, key: str, *, media_type: str, size_bytes: int, sha256: str, expires_in_s: int
    ) -> SignedUpload:
        """Sign a PUT of the bare bytes.

        The server holds the client to the key, and to the bucket's own limits, no more: the address lasts two
        hours whatever is asked for, works again once the object is gone, and size, type and digest are the
        client's word. ``expires_at`` is the server's; what came is checked and moved away afterwards.
        """
        check_key(key)
        with speaking_to_supabase():
            signed = self._bucket.create_signed_upload_url(key)
            return SignedUpload(
                url=signed["signed_url"],
                expires_at=_read_expiry(signed["token"]),
                headers={"Content-Type": media_type},
            )

    def sign_download(self, key: str, *, expires_in_s: int, file_name: str | None = None) -> str:
        """Sign a GET; the address serves whatever has the key while it lasts."""
        check_key(key)
        with speaking_to_supabase():
            options: URLOptions = {"download": file_name} if file_name else {}
            return str(self._bucket.create_signed_url(key, expires_in_s, options)["signedURL"])

    def _sign_reading(self, key: str) -> str:
        return self.sign_download(key, expires_in_s=READ_ADDRESS_LIFE_S)


def _read_blocks(response: httpx.Response, *, ranged: bool) -> Iterator[bytes]:
    """Check the head of the answer, then give the body in blocks."""
    if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return iter(())
    if response.status_code != (HTTPStatus.PARTIAL_CONTENT if ranged else HTTPStatus.OK):
        raise read_refusal(response.status_code, _read_beginning(response))
    return _without_addresses(response)


def _read_beginning(response: httpx.Response) -> bytes:
    try:
        return next(response.iter_raw(4096), b"")
    except httpx.HTTPError:
        return b""


def _without_addresses(response: httpx.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_raw(BLOCK_BYTES)
    except httpx.HTTPError as error:
        raise build_transport_error(error) from None


def _read_expiry(token: str) -> datetime:
    """Read when the server will stop taking an upload token; not ours to verify."""
    import jwt

    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (jwt.PyJWTError, OverflowError):
        raise ValueError("not a token") from None
