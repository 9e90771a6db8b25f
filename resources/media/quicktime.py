"""The boxes of QuickTime and MP4 files, as far as safety and wholeness need them."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_BOXES = 200_000
"""Boxes looked at in one row. A day of MP4 in fragments of a second has 173 000; hostile files have millions."""

MAX_FILE_BYTES = 2**62
"""No file is so long; what lies behind cannot even be sought, bytes."""

_TRACK_TO_REFERENCES = (b"mdia", b"minf", b"dinf", b"dref")
_MAX_REFERENCES_BYTES = 65_536
_SELF_CONTAINED = 1
"""Flag of a data reference: the sound is in this file. Source: ISO/IEC 14496-12, 8.7.2."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its four letters, and where its body begins and ends in the file, bytes."""

    kind: bytes
    body: int
    end: int


def read_boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """Read a row of boxes; ends quietly where it is malformed.

    The end of a box is what it declares, which may lie beyond ``end``.
    """
    at = start
    for _ in range(MAX_BOXES):
        if at + 8 > min(end, MAX_FILE_BYTES):
            return
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head[:8])
        body = at + 8
        if size == 1 and len(head) == 16:
            (size,), body = struct.unpack(">Q", head[8:]), at + 16
        elif size == 0:
            size = end - at
        if size < body - at:
            return
        yield Box(kind, body, at + size)
        at += size


def find_box(file: BinaryIO, start: int, end: int, kind: bytes) -> Box | None:
    """Find the first box of a kind in a row."""
    return next((box for box in read_boxes(file, start, end) if box.kind == kind), None)


def has_outside_references(file: BinaryIO, size_bytes: int) -> bool:
    """Tell whether a film takes its sound or picture from other files or addresses."""
    movie = find_box(file, 0, size_bytes, b"moov")
    if movie is None:
        return False
    return any(
        box.kind == b"rmra" or (box.kind == b"trak" and _points_outside(file, box))
        for box in read_boxes(file, movie.body, movie.end)
    )


def _points_outside(file: BinaryIO, track: Box) -> bool:
    box: Box | None = track
    for kind in _TRACK_TO_REFERENCES:
        if box is None:
            return False
        box = find_box(file, box.body, box.end, kind)
    if box is None:
        return False
    entries = read_boxes(file, box.body + 8, min(box.end, box.body + _MAX_REFERENCES_BYTES))
    return any(_is_outside(file, entry) for entry in entries)


def _is_outside(file: BinaryIO, entry: Box) -> bool:
    file.seek(entry.body)
    flags = int.from_bytes(file.read(4))
    return not flags & _SELF_CONTAINED and entry.end > entry.body + 4
