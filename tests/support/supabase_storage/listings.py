"""Many objects at once: the two ways to list them, how many may be removed, and what is told of each."""

import base64
import re
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from tests.support.supabase_storage import refusals
from tests.support.supabase_storage.shelf import Bucket, StoredObject

MOST_AT_ONCE = 1000
"""Objects in a page of the second way to list, and, with the hosted product's limits on, in a removal."""


def list_folder(bucket: Bucket, body: dict[str, Any]) -> list[dict[str, Any]]:
    """List one folder, its folders as entries without an id; pages are counted from the beginning each time."""
    prefix = f"{body['prefix'].strip('/')}/".lstrip("/")
    entries: dict[str, dict[str, Any]] = {}
    for key in sorted(k for k in bucket.objects if k.startswith(prefix)):
        name, is_folder, _ = key.removeprefix(prefix).partition("/")
        entries[name] = _tell_folder(name) if is_folder else _tell_object(name, bucket.objects[key])
    offset = body.get("offset", 0)
    return list(entries.values())[offset : offset + body.get("limit", 100)]


def list_flat(bucket: Bucket, body: dict[str, Any]) -> dict[str, Any]:
    """List all keys that begin so (without ``with_delimiter``, which is not here), after the key in the cursor.

    The real server asks Postgres with LIKE and does not mask the prefix: an underscore stands for any character.
    """
    if body.get("limit", 1) < 1:
        raise refusals.invalid_request("body/limit must be >= 1")
    limit = min(body.get("limit", MOST_AT_ONCE), MOST_AT_ONCE)
    likes = re.compile(re.escape(body.get("prefix", "")).replace("_", ".").replace("%", ".*"), re.DOTALL)
    after = _decode(body["cursor"]) if body.get("cursor") else ""
    matching = (key for key in sorted(bucket.objects) if key > after and likes.match(key))
    keys = list(islice(matching, limit + 1))
    page: dict[str, Any] = {"hasNext": len(keys) > limit, "folders": []}
    if page["hasNext"]:
        keys.pop()
        page |= {"nextCursor": _encode(keys[-1]), "nextCursorKey": keys[-1]}
    return page | {"objects": [_tell_object(key, bucket.objects[key]) for key in keys]}


def check_removal(keys: Sequence[str]) -> None:
    """Hold a removal to the numbers that the server takes."""
    if not keys:
        raise refusals.invalid_request("body/prefixes must NOT have fewer than 1 items")
    if len(keys) > MOST_AT_ONCE:
        raise refusals.invalid_request(f"Bulk object requests are limited to {MOST_AT_ONCE} objects per request.")


def describe_bucket(bucket: Bucket) -> dict[str, Any]:
    """Tell what is known of a bucket."""
    return {
        "id": bucket.name,
        "name": bucket.name,
        "owner": "",
        "public": False,
        "type": "STANDARD",
        "file_size_limit": bucket.size_limit,
        "allowed_mime_types": bucket.media_types,
        "created_at": "2026-11-01T00:00:00.000Z",
        "updated_at": "2026-11-01T00:00:00.000Z",
    }


def describe(bucket: Bucket, row: StoredObject) -> dict[str, Any]:
    """Tell what is known of an object."""
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


def _tell_folder(name: str) -> dict[str, Any]:
    return dict.fromkeys(("id", "updated_at", "created_at", "last_accessed_at", "metadata")) | {"name": name}


def _tell_object(name: str, row: StoredObject) -> dict[str, Any]:
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


def _encode(key: str) -> str:
    return base64.b64encode(f"l:{key}".encode()).decode()


def _decode(cursor: str) -> str:
    try:
        mark, _, key = base64.b64decode(cursor, validate=True).decode().partition(":")
    except ValueError:
        mark = ""
    if mark != "l":
        raise refusals.RefusalError(
            400, "Invalid Parameter", "InvalidParameter", "Invalid Parameter continuation token"
        )
    return key
