"""Hashes of files, read block by block."""

import hashlib
from pathlib import Path


def measure_sha256(file: Path) -> str:
    """Hash a file without holding it in memory; 64 hexadecimal digits."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
