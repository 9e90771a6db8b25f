"""Temporary folders that no crash leaves for ever: each is held by a lock for as long as its process lives.

Belongs here: making such folders, and removing those whose process is gone. The lock is the kernel's (``flock``): it
ends with its process however that ends, so who lives is certain, and a process id that came round again deceives
nobody. A child made by a bare ``fork()`` holds on to the folders of its parent; one made by ``exec`` does not.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX, SUFFIX = "dubline-", ".work"
"""Names of workspaces begin and end so; nothing else is ever removed."""


@contextmanager
def open_workspace(purpose: str, *, beside: Path | None = None) -> Iterator[Path]:
    """Give an empty folder of our own that is removed in the end, by the next sweep where there was no end.

    Args:
        purpose: a word for whoever lists the folder above.
        beside: a folder to make it in, for what is to be renamed into its place there; what dead processes left in
            it is removed first. The machine's temporary folder where not given, which `sweep_workspaces` sweeps.

    Raises:
        OSError: it cannot be made.
    """
    if beside is not None:
        sweep_workspaces(beside)
    path, lock = _make(purpose, beside)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def sweep_workspaces(folder: Path | None = None) -> int:
    """Remove what dead processes of this user left; never what a living one works in, nor anybody else's.

    Costs a look at the folder's names, and at each workspace in it. What cannot be removed now is left for next time.

    Args:
        folder: the machine's temporary folder where not given.

    Returns:
        How many were removed.
    """
    removed = 0
    with suppress(OSError):
        above = os.open(folder or tempfile.gettempdir(), os.O_RDONLY | os.O_DIRECTORY)
        try:
            with os.scandir(above) as entries:
                names = [entry.name for entry in entries]
            ours = [name for name in names if name.startswith(PREFIX) and name.endswith(SUFFIX)]
            removed = sum(_remove_if_left(name, above) for name in ours)
        finally:
            os.close(above)
    return removed


def hold(descriptor: int, path: Path) -> bool:
    """Hold an open file or folder until it is closed; False if a sweep came first and removed it."""
    with suppress(OSError):  # a file system that knows no locks: nothing is ever taken for left there
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def is_left(descriptor: int) -> bool:
    """Whether an open file or folder is our user's and nobody holds it; if so it is held from now on."""
    if os.fstat(descriptor).st_uid != os.geteuid():
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _make(purpose: str, beside: Path | None) -> tuple[Path, int]:
    """Make a folder and hold it; another one where a sweep came between the two."""
    while True:
        path = Path(tempfile.mkdtemp(SUFFIX, f"{PREFIX}{purpose}-", beside))
        with suppress(FileNotFoundError):
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            if hold(lock, path):
                return path, lock
            os.close(lock)


def _remove_if_left(name: str, above: int) -> bool:
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
    except OSError:  # gone by now, a link, a file, or closed to us
        return False
    try:
        if not is_left(descriptor):
            return False
        with suppress(OSError):
            shutil.rmtree(name, dir_fd=above)
            return True
        return False
    finally:
        os.close(descriptor)
