"""Keys and secrets that an installation makes for itself: a file each, made at first use, read by the owner alone."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from dubbing.errors import SettingsError
from resources.workspaces import open_workspace


def load_or_make(file: Path, make: Callable[[], bytes]) -> bytes:
    """Read a key, making it first where there is none; processes that start at once end with the same one.

    Raises:
        SettingsError: the folder cannot be read or written.
    """
    try:
        if not file.exists():
            _publish(file, make())
        return file.read_bytes()
    except OSError:
        raise SettingsError(
            f"The key {file.name} cannot be read or made; check who owns the folder keys in DUBLINE_DATA_DIR."
        ) from None


def _publish(file: Path, content: bytes) -> None:
    """Put a whole new key in place, unless another process was first; `link` never replaces a file."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.parent.chmod(0o700)
    with open_workspace("key", beside=file.parent) as folder:
        whole = folder / file.name
        with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(whole)
