"""A bucket of Supabase Storage in bulk: going through it, and removing many objects at once.

The server answers for a bucket that is not there as for an empty one, and removes without a word what a policy hides
from the key. So where it says less than expected, it is asked again: nothing may count as erased for that.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from resources.storage.port import INVALID_KEY, StoredObject, is_sendable
from resources.storage.supabase_refusals import speaking_to_supabase

if TYPE_CHECKING:
    from storage3 import SyncStorageClient
    from storage3.types import SearchV2Object, SearchV2Options, SearchV2Result

PAGE = 1000
"""Most that the server gives at once, whatever is asked for. Source: its ``listObjectsV2``."""

BATCH = 500
"""What the server removes in one transaction (its ``MAX_OBJECTS_PER_DELETE_BATCH``), so that a request does all or
nothing; beyond 1,000 it may refuse."""

NOT_REMOVED = "not_removed"
"""The server said nothing of the object, and it is still there."""


def list_bucket(client: "SyncStorageClient", bucket: str, prefix: str) -> Iterator[StoredObject]:
    """Go through all keys that begin so; each page begins after the last key of the one before it.

    Raises:
        StorageError: a page could not be had, or there is no such bucket.
    """
    options: SearchV2Options = {"limit": PAGE, "prefix": prefix}
    while True:
        with speaking_to_supabase():
            page = client.from_(bucket).list_v2(options)
            if not page.objects and "cursor" not in options:
                client.get_bucket(bucket)
            # To the server's LIKE, an underscore of ours stands for any character.
            found = [_describe(row) for row in page.objects if row.name.startswith(prefix)]
        yield from found
        if not page.hasNext:
            return
        with speaking_to_supabase():
            options["cursor"] = _read_cursor(page, options.get("cursor"))


def _read_cursor(page: "SearchV2Result", last: str | None) -> str:
    if not page.nextCursor or page.nextCursor == last:
        raise ValueError("more is announced, with no way to it")
    return page.nextCursor


def _describe(row: "SearchV2Object") -> StoredObject:
    size_bytes = int((row.metadata or {}).get("size", 0))  # without metadata: an upload that came to nothing
    return StoredObject(row.name, size_bytes, row.updated_at.astimezone(UTC))


def delete_keys(client: "SyncStorageClient", bucket: str, keys: Sequence[str]) -> dict[str, str]:
    """Remove keys of any form.

    Returns:
        Why each one that is still there is.

    Raises:
        StorageError: a whole request failed, or there is no such bucket.
    """
    refused = {key: INVALID_KEY for key in keys if not is_sendable(key)}
    possible = [key for key in dict.fromkeys(keys) if key not in refused]
    for start in range(0, len(possible), BATCH):
        with speaking_to_supabase():
            batch = possible[start : start + BATCH]
            gone = {row["name"] for row in client.from_(bucket).remove(batch)}
            refused |= dict.fromkeys(_find_left(client, bucket, [key for key in batch if key not in gone]), NOT_REMOVED)
    return refused


def _find_left(client: "SyncStorageClient", bucket: str, keys: list[str]) -> list[str]:
    """Find those that are still there, by the one call that answers for many keys of any form: to sign addresses."""
    if not keys:
        return []
    client.get_bucket(bucket)
    return [signed["path"] for signed in client.from_(bucket).create_signed_urls(keys, 1) if signed["signedURL"]]
