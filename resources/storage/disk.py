"""Disk errors, named for people."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from dubbing.errors import DiskFullError, StorageError


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


@contextmanager
def working_in_store() -> Iterator[None]:
    """Name every error of the disk that a folder store lies on: it may be unmounted, read-only, broken or full.

    Raises:
        DiskFullError: no space left, or over quota.
        StorageError: anything else.
    """
    try:
        with writing_to_disk():
            yield
    except OSError as error:
        raise StorageError(
            f"The folder of the store cannot be used ({error.strerror}); see that its disk is mounted and writable."
        ) from error
