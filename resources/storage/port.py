"""What every object store offers. Keys are made by us: ``[a-z0-9/_.-]``, never a user's file name."""

import re
from collections.abc import Iterator, Mapping
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


def check_key(key: str) -> str:
    """Return the key if it is one of ours.

    Raises:
        StorageError: it could leave the store or be read otherwise by another one.
    """
    if len(key) > 512 or not _KEY.fullmatch(key):
        raise StorageError("An object key has characters that no store of ours accepts.")
    return key
