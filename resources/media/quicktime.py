"""The boxes of QuickTime and MP4 files, as far as safety and wholeness need them."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from dubbing.errors import NotMediaError

MAX_BOXES = 200_000
"""Boxes looked at in one file. A day of MP4 in fragments of a second has 173 000; hostile files have millions."""

_MOVIE_TO_REFERENCES = (b"trak", b"mdia", b"minf", b"dinf", b"dref")
_REFERENCES_HEAD_BYTES = 8
_SELF_CONTAINED = 1
"""Flag of a data reference: the sound is in this file. Source: ISO/IEC 14496-12, 8.7.2."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its four letters, and where it lies in the file, bytes.

    Attributes:
        body: where its content begins.
        end: where it ends, never beyond what it lies in.
        declared_end: where it says that it ends.
    """

    kind: bytes
    body: int
    end: int
    declared_end: int


class BoxReader:
    """Reads the boxes of one file, `MAX_BOXES` altogether, whatever lies in what and however often it is asked.

    Children never reach beyond their parent: a file could otherwise have each of its boxes read once for every other.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = MAX_BOXES

    def read_row(self, start: int, end: int) -> Iterator[Box]:
        """Read the boxes that follow each other from ``start``; ends quietly where they are malformed.

        Raises:
            NotMediaError: more boxes than any recording has.
        """
        at = start
        while at + 8 <= end and (box := self._read_box(at, end)) is not None:
            yield box
            at = box.declared_end

    def read_path(self, parent: Box, kinds: tuple[bytes, ...]) -> Iterator[Box]:
        """Find every box that is reached from another by way of these kinds, each inside the one before."""
        for child in self.read_row(parent.body, parent.end):
            if child.kind == kinds[0]:
                if len(kinds) == 1:
                    yield child
                else:
                    yield from self.read_path(child, kinds[1:])

    def read_flags(self, box: Box) -> int:
        """Read the version and flags that a box of the newer kind begins with."""
        self._file.seek(box.body)
        return int.from_bytes(self._file.read(4))

    def _read_box(self, at: int, end: int) -> Box | None:
        if not self._left:
            raise NotMediaError("The file is made of far too many parts; export the recording again.")
        self._left -= 1
        self._file.seek(at)
        head = self._file.read(16)
        if len(head) < 8:
            return None
        size, kind = struct.unpack(">I4s", head[:8])
        body = at + 8
        if size == 1 and len(head) == 16:
            (size,), body = struct.unpack(">Q", head[8:]), at + 16
        elif size == 0:
            size = end - at
        return None if size < body - at else Box(kind, body, min(at + size, end), at + size)


def has_outside_references(boxes: BoxReader, movie: Box) -> bool:
    """Tell whether a film takes its sound or picture from other files or addresses.

    Args:
        movie: its index, the box ``moov``.
    """
    if any(boxes.read_path(movie, (b"rmra",))):
        return True
    return any(
        _is_outside(boxes, entry)
        for references in boxes.read_path(movie, _MOVIE_TO_REFERENCES)
        for entry in boxes.read_row(references.body + _REFERENCES_HEAD_BYTES, references.end)
    )


def _is_outside(boxes: BoxReader, entry: Box) -> bool:
    return not boxes.read_flags(entry) & _SELF_CONTAINED and entry.declared_end > entry.body + 4
