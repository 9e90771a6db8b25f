"""Files on their way into the folder store: written aside, then in their place in one step."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from dubbing.errors import StorageError, UploadMismatchError, UploadTakenError
from resources.storage.disk import working_in_store
from resources.workspaces import hold, is_left

SETTLE_TRIES = 20
"""Far more than deletes can be in step with one writer."""


class Aside:
    """The folder for what is not whole yet; beside the objects, so that a rename suffices.

    A file in it is held for as long as it is open. What nobody holds was left by a process that died, and goes when
    the next one is made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> tuple[BinaryIO, Path]:
        """Make an empty file for writing that only the owner may read; keep it open until it is in its place."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._sweep()
        while True:
            descriptor, name = tempfile.mkstemp(dir=self._folder)
            if hold(descriptor, Path(name)):
                return os.fdopen(descriptor, "wb"), Path(name)
            os.close(descriptor)

    def _sweep(self) -> None:
        for leftover in self._folder.iterdir():
            with contextlib.suppress(OSError):  # its writer has just finished
                descriptor = os.open(leftover, os.O_RDWR | os.O_NOFOLLOW)
                try:
                    if is_left(descriptor):
                        leftover.unlink()
                finally:
                    os.close(descriptor)


class IncomingObject:
    """An upload: at most as many bytes as declared, of the declared digest, or nothing at all.

    Args:
        size_bytes: as declared.
        sha256: hex digest, as declared.
    """

    def __init__(self, aside: Aside, target: Path, *, size_bytes: int, sha256: str) -> None:
        self._target = target
        self._missing_bytes = size_bytes
        self._declared = sha256
        self._sha256 = hashlib.sha256()
        with working_in_store():
            self._file, self._path = aside.open()

    def write(self, block: bytes) -> None:
        """Take the next bytes.

        Raises:
            UploadMismatchError: more than declared; the file never grows beyond that.
            DiskFullError: no space.
        """
        self._missing_bytes -= len(block)
        if self._missing_bytes < 0:
            raise UploadMismatchError("The upload is longer than declared; send exactly the declared bytes.")
        self._sha256.update(block)
        with working_in_store():
            self._file.write(block)

    def finish(self) -> None:
        """Let the object appear.

        Raises:
            UploadMismatchError: other bytes than declared.
            UploadTakenError: another one is there.
            DiskFullError: no space.
        """
        if self._missing_bytes:
            raise UploadMismatchError("The upload is shorter than declared; send exactly the declared bytes.")
        if self._sha256.hexdigest() != self._declared:
            raise UploadMismatchError("The upload has another SHA-256 than declared; send exactly the declared bytes.")
        with working_in_store():
            self._file.flush()
            os.fsync(self._file.fileno())
            try:
                settle(self._target, lambda: os.link(self._path, self._target))  # a rename would replace what is there
            except FileExistsError:
                raise UploadTakenError("This upload is complete already; ask for a new address.") from None

    def discard(self) -> None:
        """Remove what lies aside; the object, if it has appeared, stays."""
        with contextlib.suppress(OSError):  # what could not be written cannot be flushed either
            self._file.close()
        self._path.unlink(missing_ok=True)


def settle(target: Path, step: Callable[[], object]) -> None:
    """Make the folders above a file and take the step that puts it there; again if a delete removes them meanwhile.

    Raises:
        FileNotFoundError: what the step works on is not there.
        StorageError: an object lies where a folder has to be, or the other way round.
    """
    for attempt in range(1, SETTLE_TRIES + 1):
        with contextlib.suppress(FileNotFoundError, FileExistsError):
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            step()
            return
        except FileNotFoundError:
            if attempt == SETTLE_TRIES:
                raise
        except (IsADirectoryError, NotADirectoryError):
            raise StorageError("The key of an object lies above or below that of another one.") from None
