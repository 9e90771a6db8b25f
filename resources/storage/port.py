"""What every object store offers. Keys are made by us: ``[a-z0-9/_.-]``, never a user's file name."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from dubbing.errors import StorageError

_KEY = re.compile(r"[a-z0-9_-][a-z0-9_.-]*(/[a-z0-9_-][a-z0-9_.-]*)*")


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a store knows of an object without reading it.

    Attributes:
        etag: another one whenever the bytes are others; its form is the store's own.
    """

    size_bytes: int
    etag: str


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as a listing shows it.

    Attributes:
        key: as it is in the store; not one of ours where somebody else put it there.
        changed_at: when its bytes came to be there, aware, UTC; moving an object counts.
    """

    key: str
    size_bytes: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class SignedUpload:
    """A request that puts one object into the store and needs no other credentials; a secret until it expires.

    Attributes:
        headers: to be sent exactly so, with the bytes as the body.
    """

    url: str = field(repr=False)
    expires_at: datetime
    method: str = "PUT"
    headers: Mapping[str, str] = field(default_factory=dict)


class ObjectStore(Protocol):
    """Bytes by key; an object appears whole or not at all. What a signed address gives is never logged."""

    def put(self, key: str, file: Path, *, media_type: str = "application/octet-stream") -> None:
        """Store a copy of a file, in place of what was there.

        Raises:
            StorageError, DiskFullError: it is not stored.
        """
        ...

    def fetch(self, key: str, *, sha256: str | None = None) -> AbstractContextManager[Path]:
        """Give the object as a local file for reading, for as long as the context lasts.

        Args:
            sha256: hex digest that the bytes must have; checked while they are read.

        Raises:
            ObjectMissingError: there is none.
            StorageError: the bytes are others, or the store failed; nothing is left behind.
            DiskFullError: no space for a local copy.
        """
        ...

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> AbstractContextManager[Iterator[bytes]]:
        """Give the bytes from ``start`` up to, not including, ``end`` in blocks; opened before the first is asked for.

        Raises:
            ObjectMissingError: there is none.
            StorageError: the store failed, or broke off.
        """
        ...

    def find_info(self, key: str) -> ObjectInfo | None:
        """Find what the store knows of an object; None where there is none."""
        ...

    def move(self, key: str, target: str) -> None:
        """Give an object another key, in place of what was there.

        Raises:
            ObjectMissingError: there is none.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove the object; removing what is not there is fine."""
        ...

    def list_objects(self, prefix: str = "") -> Iterator[StoredObject]:
        """Go through all objects below a prefix, in no particular order; memory does not grow with their number.

        Whatever has been given may be deleted meanwhile. An object that appears or goes meanwhile may or may not be
        seen; no other is missed.

        Args:
            prefix: a whole folder, as in ``takes`` or ``jobs/<id>``: ``jobs/1`` is not above ``jobs/10/a``. Empty for
                the whole store.

        Raises:
            StorageError: the store failed, at the first object or later; what is left was not seen.
        """
        ...

    def delete_many(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Remove objects; what is not there counts as removed.

        Args:
            keys: of any form, as a listing gives them.

        Returns:
            What could not be removed, with a reason in words for machines: an error code of the store, or
            `INVALID_KEY`. Where this is empty, nothing is left of any of them.

        Raises:
            StorageError: the store as a whole does not answer; some may be removed, and the call may be repeated.
        """
        ...

    def locate(self, key: str) -> str:
        """Say where a person with access to the store finds the object; never a signed address."""
        ...

    def sign_upload(
        self, key: str, *, media_type: str, size_bytes: int, sha256: str, expires_in_s: int
    ) -> SignedUpload:
        """Let somebody put one object under a key that is not taken.

        What a store can hold the client to (size, type, digest), it does; the caller checks all of it again.
        """
        ...

    def sign_download(self, key: str, *, expires_in_s: int, file_name: str | None = None) -> str:
        """Let somebody read one object, whole or by Range, as often as they like until the address expires.

        HEAD works too, but for S3, whose signatures name the method; there no address lives longer than a week.

        Args:
            file_name: name for people under which a browser saves it.
        """
        ...


INVALID_KEY = "invalid_key"
"""Why a store did not even try to remove an object: it cannot hold one of this name."""


def build_prefix(folder: str) -> str:
    """Say how all keys below a folder begin; an empty name stands for the whole store.

    Raises:
        StorageError: it is no folder of ours.

    >>> build_prefix("jobs/1"), build_prefix("")
    ('jobs/1/', '')
    """
    return f"{check_key(folder)}/" if folder else ""


def is_sendable(key: str) -> bool:
    r"""Say whether a key can be sent to a server at all; one that cannot is nobody's.

    >>> [is_sendable(key) for key in ("Über uns/.x", "", "a\0", "\udcff")]
    [True, False, False, False]
    """
    return bool(key) and "\0" not in key and not any("\ud800" <= character <= "\udfff" for character in key)


def check_key(key: str) -> str:
    """Return the key if it is one of ours.

    Raises:
        StorageError: it could leave the store or be read otherwise by another one.
    """
    if len(key) > 512 or not _KEY.fullmatch(key):
        raise StorageError("An object key has characters that no store of ours accepts.")
    return key
