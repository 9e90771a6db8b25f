"""Whether a file reaches as far as its own structure says, found without decoding.

What decoders forgive is not forgiven here: a recording cut short by a broken upload would be dubbed as if it were
all there. Bare streams (MP3 without a header, ADTS, AMR, MPEG-TS) carry no length and cannot be judged.
"""

import os
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from dubbing.errors import TruncatedMediaError, UnsafeMediaError
from resources.media.quicktime import BoxReader, has_outside_references

SLACK_BYTES = 8
"""How far a declared end may lie beyond the file's: pad bytes that writers count and leave out."""

OGG_TAIL_BYTES = 2 * 65_307
"""Two of the longest Ogg pages. Source: RFC 3533, section 6."""

MAX_CHUNKS = 10_000
"""Chunks looked at before the one with the sound."""

_NO_FILE_IS_SO_LONG = 2**63
"""The end of a file that lacks something it cannot do without, bytes."""

_STREAMED_SIZES = range(0x7FFF_F000, 0x8000_0001)
"""What writers put for "not known yet": arecord and SoX, into a pipe. 0 and all ones mean the same."""


def check_is_whole(path: Path, container: str) -> None:
    """Refuse a file that breaks off, and a film whose sound is elsewhere.

    Raises:
        TruncatedMediaError: the file ends before the length it declares.
        UnsafeMediaError: it refers to other files or addresses.
        NotMediaError: it is made of more parts than any recording.
    """
    find_declared_end = _FINDERS.get(container)
    if find_declared_end is None:
        return
    with path.open("rb") as file:
        size_bytes = file.seek(0, os.SEEK_END)
        declared = find_declared_end(file, size_bytes)
    if declared is not None and declared > size_bytes + SLACK_BYTES:
        raise TruncatedMediaError("The file breaks off before its end; upload the whole recording again.")


def _find_wav_end(file: BinaryIO, size_bytes: int) -> int | None:
    at, long_size = 12, None
    for _ in range(MAX_CHUNKS):
        if at > size_bytes:
            return at
        file.seek(at)
        head = file.read(24)
        if len(head) < 8:
            return None
        kind, size = struct.unpack("<4sI", head[:8])
        if kind == b"ds64" and len(head) == 24:
            (long_size,) = struct.unpack("<Q", head[16:24])
        if kind == b"data":
            if size == 0xFFFF_FFFF and long_size:
                return at + 8 + int(long_size)
            return None if size in (0, 0xFFFF_FFFF) or size in _STREAMED_SIZES else at + 8 + size
        at += 8 + size + size % 2
    return None


def _find_iff_end(file: BinaryIO, size_bytes: int, *, byte_order: str) -> int | None:
    file.seek(4)
    (size,) = struct.unpack(f"{byte_order}I", file.read(4))
    return None if size in (0, 0xFFFF_FFFF) else 8 + size


def _find_w64_end(file: BinaryIO, size_bytes: int) -> int | None:
    file.seek(16)
    size = file.read(8)
    return struct.unpack("<Q", size)[0] if len(size) == 8 else _NO_FILE_IS_SO_LONG


def _find_caf_end(file: BinaryIO, size_bytes: int) -> int | None:
    at = 8
    for _ in range(MAX_CHUNKS):
        if at > size_bytes:
            return at
        file.seek(at)
        head = file.read(12)
        if len(head) < 12:
            return None
        kind, size = struct.unpack(">4sq", head)
        if kind == b"data" or size < 0:
            return None if size < 0 else at + 12 + size
        at += 12 + size
    return None


def _find_mov_end(file: BinaryIO, size_bytes: int) -> int | None:
    boxes = BoxReader(file)
    end, has_index = 0, False
    for box in boxes.read_row(0, size_bytes):
        end = box.declared_end
        if box.kind == b"moov":
            has_index = True
            if has_outside_references(boxes, box):
                raise UnsafeMediaError(
                    "The sound of this film is in another file; export it as one self-contained file."
                )
    return end if has_index else _NO_FILE_IS_SO_LONG


def _find_matroska_end(file: BinaryIO, size_bytes: int) -> int | None:
    file.seek(4)
    header_bytes = _read_ebml_size(file)
    if header_bytes is None:
        return None
    file.seek(header_bytes + 4, os.SEEK_CUR)
    segment_bytes = _read_ebml_size(file)
    return None if segment_bytes is None else file.tell() + segment_bytes


def _read_ebml_size(file: BinaryIO) -> int | None:
    """Read a length of variable width; None where it is unknown (all ones) or missing. Source: RFC 8794, section 4."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    width = 9 - first[0].bit_length()
    value = int.from_bytes(first + file.read(width - 1)) & ((1 << 7 * width) - 1)
    return None if value == (1 << 7 * width) - 1 else value


def _find_ogg_end(file: BinaryIO, size_bytes: int) -> int | None:
    start = max(0, size_bytes - OGG_TAIL_BYTES)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"OggS")
    if at < 0:
        return None
    header = tail[at : at + 27 + 255]
    if len(header) < 27:
        return _NO_FILE_IS_SO_LONG
    lacing = header[27 : 27 + header[26]]
    if len(lacing) < header[26]:
        return _NO_FILE_IS_SO_LONG
    return start + at + 27 + header[26] + sum(lacing)


_FINDERS: Mapping[str, Callable[[BinaryIO, int], int | None]] = {
    "wav": _find_wav_end,
    "avi": lambda file, size_bytes: _find_iff_end(file, size_bytes, byte_order="<"),
    "aiff": lambda file, size_bytes: _find_iff_end(file, size_bytes, byte_order=">"),
    "w64": _find_w64_end,
    "caf": _find_caf_end,
    "mov": _find_mov_end,
    "matroska": _find_matroska_end,
    "ogg": _find_ogg_end,
}
