"""Going through a folder and removing files from it, whatever their names are, without ever following a link.

Each step goes from an open folder to a name in it: a path could be led elsewhere by a link that appears meanwhile.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}
"""Nothing has this name, or there is no folder (a link is none) where one would have to be."""


@contextmanager
def open_folder(path: Path) -> Iterator[int]:
    """Hold a folder open; this one may be reached by a link.

    Raises:
        OSError: it is not there.
    """
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield folder
    finally:
        os.close(folder)


def walk_files(root: int, below: Sequence[str], *, leave_out: str) -> Iterator[tuple[str, os.stat_result]]:
    """Give all that is no folder, with its path from the root; links too, as what they are.

    Only the names between the root and the current folder are held, and what has been given may be removed: POSIX
    leaves open only whether ``readdir`` gives what comes or goes after it began.

    Args:
        root: an open folder.
        below: names of the folders that lead from there to where to begin; nothing is given where they lead nowhere.
        leave_out: name of a folder of the root.

    Raises:
        OSError: a folder cannot be read.
    """
    with _open_all(root, below) as folders:
        if len(folders) > len(below):
            yield from _walk(_reopen(folders[-1]), "".join(f"{name}/" for name in below), leave_out)


def _walk(start: int, prefix: str, leave_out: str) -> Iterator[tuple[str, os.stat_result]]:
    levels = [_Level(start, prefix)]
    try:
        while levels:
            level = levels[-1]
            entry = next(level.entries, None)
            if entry is None:
                levels.pop().close()
            elif not entry.is_dir(follow_symlinks=False):
                if (found := _find_stat(entry.name, level.folder)) is not None:
                    yield level.prefix + entry.name, found
            elif (
                level.prefix + entry.name != leave_out and (inner := _find_folder(entry.name, level.folder)) is not None
            ):
                levels.append(_Level(inner, f"{level.prefix}{entry.name}/"))
    finally:
        for level in levels:
            level.close()


class _Level:
    """A folder that is being read, under a descriptor of its own."""

    def __init__(self, folder: int, prefix: str) -> None:
        self.folder = folder
        self.prefix = prefix
        self.entries = os.scandir(folder)

    def close(self) -> None:
        self.entries.close()
        os.close(self.folder)


def remove_file(root: int, path: Sequence[str]) -> None:
    """Remove a file, or a link itself, and the folders that are empty then; a folder of this name is left alone.

    Raises:
        OSError: the file is there and stays.
    """
    *above, name = path
    with _open_all(root, above) as folders:
        if len(folders) > len(above):
            found = _find_stat(name, folders[-1])
            if found is not None and not stat.S_ISDIR(found.st_mode):
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=folders[-1])
        with suppress(OSError):  # not empty, or gone
            for depth in range(len(folders) - 1, 0, -1):
                os.rmdir(above[depth - 1], dir_fd=folders[depth - 1])


@contextmanager
def _open_all(root: int, names: Sequence[str]) -> Iterator[list[int]]:
    """Open the folders from the root down, the root first; fewer where one is not there."""
    folders = [_reopen(root)]
    try:
        for name in names:
            if (folder := _find_folder(name, folders[-1])) is None:
                break
            folders.append(folder)
        yield folders
    finally:
        for folder in folders:
            os.close(folder)


def _reopen(folder: int) -> int:
    """Open it once more, to be read from its beginning; a duplicate would go on where the other one stands."""
    return os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=folder)


def _find_folder(name: str, above: int) -> int | None:
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise


def _find_stat(name: str, folder: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise
