"""A bucket of Amazon S3, or of a server that speaks its protocol, as object store."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dubbing.errors import ObjectMissingError, StorageError
from resources.storage.disposition import build_content_disposition
from resources.storage.download import download
from resources.storage.port import ObjectInfo, SignedUpload, StoredObject, build_prefix, check_key
from resources.storage.s3_bulk import delete_key, delete_keys, list_bucket
from resources.storage.s3_refusals import get_status, naming_refusals

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BLOCK_BYTES = 1 << 20
FETCH_EXPIRES_IN_S = 6 * 3600
"""How long our own download may take, with what has to be read again."""

COPY_AT_ONCE_BYTES = 5 * 1024**3
"""Largest object that one copy request takes. Source: Amazon S3, CopyObject."""

COPY_PART_BYTES = 1024**3


def build_client(
    *,
    region: str,
    endpoint_url: str | None = None,
    access_key_id: str | None = None,
    secret_access_key: str | None = None,
) -> "S3Client":
    """Make the client that a store works with; safe to share between threads.

    Args:
        endpoint_url: address of a server that is not Amazon's.
        access_key_id: None to let boto3 look for credentials (environment, profile, instance role).
    """
    import boto3
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",
        connect_timeout=10,
        read_timeout=60,
        retries={"mode": "standard", "max_attempts": 3},
        max_pool_connections=32,
        # Others know neither buckets as host names nor the checksums that boto3 adds by itself.
        s3={"addressing_style": "path" if endpoint_url else "auto"},
        request_checksum_calculation="when_required" if endpoint_url else "when_supported",
        response_checksum_validation="when_required" if endpoint_url else "when_supported",
    )
    # A session of its own: the default one is shared by the process and not made for threads.
    client = boto3.Session().client(
        "s3",
        region_name=region,
        endpoint_url=endpoint_url,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        config=config,
    )
    client.meta.events.register("before-sign.s3.DeleteObjects", _declare_xml)
    return client


def _declare_xml(request: Any, **_: object) -> None:
    """Name the type of the body: boto3 does not, and Supabase's S3 interface then finds none (measured, 1.44)."""
    request.headers["content-type"] = "application/xml"


class S3Store:
    """Objects in one bucket, which must exist."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, file: Path, *, media_type: str = "application/octet-stream") -> None:
        """Upload from disk, in parts when it is large."""
        check_key(key)
        with naming_refusals():
            self._client.upload_file(str(file), self._bucket, key, ExtraArgs={"ContentType": media_type})

    @contextmanager
    def fetch(self, key: str, *, sha256: str | None = None) -> Iterator[Path]:
        """Download to a temporary file by an address of our own."""
        with download(self.sign_download(key, expires_in_s=FETCH_EXPIRES_IN_S), sha256=sha256) as path:
            yield path

    @contextmanager
    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[Iterator[bytes]]:
        """Give the bytes as they come from the server."""
        if end is not None and end <= start:
            self._get_info(key)
            yield iter(())
            return
        wanted = f"bytes={start}-{'' if end is None else end - 1}"
        try:
            with naming_refusals():
                body = self._client.get_object(Bucket=self._bucket, Key=check_key(key), Range=wanted)["Body"]
        except StorageError as error:
            if get_status(error) != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
            yield iter(())  # as a file that is read from beyond its end
            return
        with body:
            yield _read_blocks(body.iter_chunks(BLOCK_BYTES))

    def find_info(self, key: str) -> ObjectInfo | None:
        """Ask for the object's head."""
        try:
            return self._get_info(key)
        except ObjectMissingError:
            return None

    def _get_info(self, key: str) -> ObjectInfo:
        with naming_refusals():
            head = self._client.head_object(Bucket=self._bucket, Key=check_key(key))
        return ObjectInfo(size_bytes=head["ContentLength"], etag=head["ETag"].strip('"'))

    def move(self, key: str, target: str) -> None:
        """Copy inside the server, then delete; broken off between the two, both are there."""
        from boto3.s3.transfer import TransferConfig

        self._get_info(key)
        if check_key(target) == key:
            return
        at_once = TransferConfig(multipart_threshold=COPY_AT_ONCE_BYTES, multipart_chunksize=COPY_PART_BYTES)
        with naming_refusals():
            self._client.copy({"Bucket": self._bucket, "Key": key}, self._bucket, target, Config=at_once)
        self.delete(key)

    def delete(self, key: str) -> None:
        """Remove the object; in a bucket with versions, all of them, for nothing would find those afterwards."""
        delete_key(self._client, self._bucket, check_key(key))

    def list_objects(self, prefix: str = "") -> Iterator[StoredObject]:
        """Read the bucket in pages of a thousand; uploads in parts that were never completed are not seen."""
        return list_bucket(self._client, self._bucket, build_prefix(prefix))

    def delete_many(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Remove a thousand with each request; in a bucket with versions, each with all of them as with `delete`."""
        return delete_keys(self._client, self._bucket, keys)

    def locate(self, key: str) -> str:
        """Give bucket and key."""
        return f"s3://{self._bucket}/{check_key(key)}"

    def sign_upload(
        self, key: str, *, media_type: str, size_bytes: int, sha256: str, expires_in_s: int
    ) -> SignedUpload:
        """Sign a ``PUT`` with its headers, by which the server holds the client to size, type and digest."""
        digest = base64.b64encode(bytes.fromhex(sha256)).decode()
        expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=expires_in_s)
        with naming_refusals():
            url = self._client.generate_presigned_url(
                "put_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": check_key(key),
                    "ContentLength": size_bytes,
                    "ContentType": media_type,
                    "ChecksumSHA256": digest,
                    "IfNoneMatch": "*",
                },
                ExpiresIn=expires_in_s,
            )
        headers = {
            "Content-Type": media_type,
            "Content-Length": str(size_bytes),
            "x-amz-checksum-sha256": digest,
            "If-None-Match": "*",
        }
        return SignedUpload(url, expires_at, headers=headers)

    def sign_download(self, key: str, *, expires_in_s: int, file_name: str | None = None) -> str:
        """Sign a ``GET``; the method is signed too, so ``HEAD`` is refused. At most 7 days, says the protocol."""
        params = {
            "Bucket": self._bucket,
            "Key": check_key(key),
            "ResponseContentDisposition": build_content_disposition(file_name),
        }
        with naming_refusals():
            return self._client.generate_presigned_url("get_object", Params=params, ExpiresIn=expires_in_s)


def _read_blocks(blocks: Iterator[bytes]) -> Iterator[bytes]:
    with naming_refusals():
        yield from blocks
