"""A folder as object store."""

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dubbing.errors import DiskFullError, StorageError
from resources.storage.port import check_key


class FolderStore:
    """Objects as files below one folder; readable by the owner only."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, file: Path) -> None:
        """Copy to a temporary name beside the object, then take its place in one step."""
        target = self._root / check_key(key)
        with writing_to_disk():
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".incoming-")
            try:
                with os.fdopen(descriptor, "wb") as out, file.open("rb") as source:
                    shutil.copyfileobj(source, out, 1 << 20)
                    out.flush()
                    os.fsync(out.fileno())
                Path(temporary).replace(target)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise

    @contextmanager
    def fetch(self, key: str) -> Iterator[Path]:
        """Give the file itself: no copy is made."""
        path = self._root / check_key(key)
        if not path.is_file():
            raise StorageError("An object that should be in the store is not there.")
        yield path

    def exists(self, key: str) -> bool:
        """Say whether the file is there."""
        return (self._root / check_key(key)).is_file()

    def locate(self, key: str) -> str:
        """Give the file's path."""
        return str(self._root / check_key(key))

    def delete(self, key: str) -> None:
        """Remove the file, and the folders it leaves empty."""
        path = self._root / check_key(key)
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            for folder in path.parents:
                if folder == self._root:
                    break
                folder.rmdir()


@contextmanager
def writing_to_disk() -> Iterator[None]:
    """Name the one disk error that people can mend.

    Raises:
        DiskFullError: no space left, or over quota.
    """
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFullError("The disk is full; free some space and run the same command again.") from error
        raise
