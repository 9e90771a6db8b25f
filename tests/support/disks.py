"""Disks small enough to be filled, and broken without harm."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Callable[[str], None]]:
    """Mount a disk in memory at a folder; skips the test where this machine does not allow that.

    Args:
        size: as ``mount`` takes it: ``512k``.

    Yields:
        What mounts it anew with another option: ``ro``, ``rw``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        yield lambda option: subprocess.run(["mount", "-o", f"remount,{option}", folder], check=True) and None
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
