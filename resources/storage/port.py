"""What every object store offers. Keys are made by us: ``[a-z0-9/_.-]``, never a user's file name."""

import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from dubbing.errors import StorageError

_KEY = re.compile(r"[a-z0-9_-][a-z0-9_.-]*(/[a-z0-9_-][a-z0-9_.-]*)*")


class ObjectStore(Protocol):
    """Bytes by key; an object appears whole or not at all."""

    def put(self, key: str, file: Path) -> None:
        """Store a copy of a file, in place of what was there.

        Raises:
            StorageError, DiskFullError: it is not stored.
        """
        ...

    def fetch(self, key: str) -> AbstractContextManager[Path]:
        """Give the object as a local file for reading, for as long as the context lasts.

        Raises:
            StorageError: there is none.
        """
        ...

    def exists(self, key: str) -> bool:
        """Say whether there is an object."""
        ...

    def locate(self, key: str) -> str:
        """Say where a person with access to the store finds the object; never a signed address."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; removing what is not there is fine."""
        ...


def check_key(key: str) -> str:
    """Return the key if it is one of ours.

    Raises:
        StorageError: it could leave the store or be read otherwise by another one.
    """
    if len(key) > 512 or not _KEY.fullmatch(key):
        raise StorageError("An object key has characters that no store of ours accepts.")
    return key
