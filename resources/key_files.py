"""Keys and secrets that an installation makes for itself: a file each, made at first use, read by the owner alone."""

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from dubbing.errors import SettingsError


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
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=".key-")  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(temporary)
    finally:
        Path(temporary).unlink()
