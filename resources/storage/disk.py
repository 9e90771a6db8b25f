"""Disk errors, named for people."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from dubbing.errors import DiskFullError


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
