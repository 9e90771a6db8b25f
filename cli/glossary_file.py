"""A glossary from a file that the user named."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dubbing.errors import FileMissingError, InputError

MAX_BYTES = 8_000_000
"""Largest file that is read. Source: 200 entries of 50 languages with terms of 100 characters are less."""


def read_glossary(file: Path) -> Sequence[Mapping[str, Any]]:
    """Read the entries as they stand in the file; `dubbing.glossary.parse_glossary` checks them.

    Raises:
        FileMissingError: there is no such file.
        InputError: it cannot be read, or is no list in JSON.
    """
    if not file.is_file():
        raise FileMissingError(f"There is no glossary {file.name}; check the path.")
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError:
        raise InputError(f"The glossary {file.name} cannot be read; check its permissions.") from None
    if len(content) > MAX_BYTES:
        raise InputError(f"The glossary {file.name} is larger than {MAX_BYTES // 1_000_000} MB; leave out terms.")
    try:
        entries = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise InputError(f"The glossary {file.name} is not JSON; write a list of entries, each with a term.") from None
    if not isinstance(entries, list):
        raise InputError(f"The glossary {file.name} is not a list; write a list of entries, each with a term.")
    return entries
