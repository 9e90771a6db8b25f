"""A bucket of S3 in bulk: going through it, and removing many objects at once."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC
from http import HTTPStatus
from typing import TYPE_CHECKING

from dubbing.errors import ObjectMissingError
from resources.storage.port import INVALID_KEY, StoredObject, is_sendable
from resources.storage.s3_refusals import S3RefusedError, naming_refusals

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BATCH = 1000
"""Keys that one request may remove. Source: Amazon S3, DeleteObjects."""

_NOT_FOR_XML = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""XML cannot hold control characters, and reads a carriage return as a line feed."""

_CODE = re.compile(r"[A-Za-z0-9]{1,64}")


def list_bucket(client: "S3Client", bucket: str, prefix: str) -> Iterator[StoredObject]:
    """Go through all keys that begin so; each page begins after the last key of the one before it.

    Raises:
        StorageError: a page could not be had.
    """
    with naming_refusals():
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", ()):
                yield StoredObject(found["Key"], found["Size"], found["LastModified"].astimezone(UTC))


def delete_keys(client: "S3Client", bucket: str, keys: Sequence[str]) -> dict[str, str]:
    """Remove keys of any form; only what the server says is gone counts as gone.

    Returns:
        The server's error code of each key that is not.

    Raises:
        StorageError: a whole request failed.
    """
    refused = {key: INVALID_KEY for key in keys if not is_sendable(key)}
    possible = [key for key in dict.fromkeys(keys) if key not in refused]
    together = [key for key in possible if not _NOT_FOR_XML.search(key)]
    for start in range(0, len(together), BATCH):
        refused |= _delete_batch(client, bucket, together[start : start + BATCH])
    return refused | _delete_alone(client, bucket, [key for key in possible if _NOT_FOR_XML.search(key)])


def delete_key(client: "S3Client", bucket: str, key: str) -> None:
    """Remove one object, and what a bucket with versions keeps of it.

    Raises:
        StorageError: something of it stays.
    """
    with naming_refusals():
        if client.delete_object(Bucket=bucket, Key=key).get("DeleteMarker"):  # the bytes are only out of sight
            _erase_versions(client, bucket, key)


def _erase_versions(client: "S3Client", bucket: str, key: str) -> None:
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
        kept = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        for version in kept:
            if version["Key"] == key:
                client.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])
        if any(version["Key"] != key for version in kept):
            return  # sorted: those that only begin so come after it


def _delete_batch(client: "S3Client", bucket: str, keys: Sequence[str]) -> dict[str, str]:
    with naming_refusals():
        answer = client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    codes = {error.get("Key"): error.get("Code", "") for error in answer.get("Errors", ())}
    gone = {deleted.get("Key") for deleted in answer.get("Deleted", ())} - codes.keys()
    gone |= {key for key, code in codes.items() if code == "NoSuchKey"}
    refused = {key: _check_code(codes.get(key, "")) for key in keys if key not in gone}
    hidden = {deleted.get("Key") for deleted in answer.get("Deleted", ()) if deleted.get("DeleteMarker")}
    return refused | _delete_alone(client, bucket, [key for key in keys if key in hidden])


def _delete_alone(client: "S3Client", bucket: str, keys: Sequence[str]) -> dict[str, str]:
    """Remove one after the other what a batch cannot name, or would leave versions of."""
    refused = {}
    for key in keys:
        try:
            delete_key(client, bucket, key)
        except ObjectMissingError:
            continue
        except S3RefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            refused[key] = f"status_{error.status}"
    return refused


def _check_code(code: str) -> str:
    """Let nothing but a word through: a server may write anything there."""
    return code if _CODE.fullmatch(code) else "unknown"
