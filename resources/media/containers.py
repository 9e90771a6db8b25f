"""Which container a file is, by its first bytes: what may be opened at all, and how.

Belongs here: the allow-list and the options that hold ffmpeg to it. A name or a media type proves nothing.
A container is on the list only if its demuxer reads one file and follows no reference out of it. Our names of
containers are ffmpeg's short names of their demuxers.
"""

import re
from pathlib import Path
from typing import BinaryIO

from dubbing.errors import EmptyFileError, FileMissingError, InputError, NotMediaError, UnsafeMediaError
from resources.media.ffmpeg import name_file

ACCEPTED = "WAV, MP3, M4A, MP4, MOV, FLAC, Ogg, Opus, WebM, MKV, AAC, AIFF, CAF, AU, AMR, AVI or MPEG-TS"

HEAD_BYTES = 4096
"""How much of the beginning is looked at, bytes."""

MAX_STREAMS = 64
"""Streams a file may have; films with many languages have a few dozen."""

_ID3_HEAD_BYTES = 10
_TS_PACKET_BYTES = 188
_W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_MAGICS = {
    _W64_RIFF: "w64",
    b"caff": "caf",
    b".snd": "au",
    b"OggS": "ogg",
    b"\x1a\x45\xdf\xa3": "matroska",
    b"#!AMR": "amr",
}
_IFF_KINDS = {
    b"RIFF": {b"WAVE": "wav", b"AVI ": "avi"},
    b"RF64": {b"WAVE": "wav"},
    b"BW64": {b"WAVE": "wav"},
    b"FORM": {b"AIFF": "aiff", b"AIFC": "aiff"},
}
_LEADING_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")

_PLAYLIST = re.compile(
    rb"""\s*(?: \#EXTM3U | \#EXT-X- | ffconcat\ version | file\s+['"/\w] | \[playlist\] | \[reference\]
    | v=0\r?\n[osctb]= | (?:rtsp|smil)text | [a-z]{3,5}:// | <(?:asx|smil|mpd|wpl|playlist)\b )""",
    re.IGNORECASE | re.VERBOSE,
)
_XML_PLAYLIST = re.compile(
    rb"\s*<[?!].*<(?:\w+:)?(?:mpd|smil|asx|wpl|playlist|assetmap|compositionplaylist)\b", re.IGNORECASE | re.DOTALL
)

_DISCONTINUOUS = frozenset({"mpegts", "ogg"})
"""Containers whose clock may jump. Of these ffmpeg lets the first stream *in use* begin at 0, of the others the first
one in the file: sound that begins after its picture would come earlier alone than it does in the film."""

_KEPT_TIMELINE = ("-map", "0:V:0?", "-map", "0:a:0", "-c", "copy", "-f", "null", "pipe:1")
"""An output, beside those that are wanted, that has the first picture in use with the first sound; writes nothing."""


def get_container(path: Path) -> str:
    """Look at the first bytes of a file and name its container.

    Raises:
        FileMissingError: there is no regular file of that name.
        InputError: it may not be read.
        EmptyFileError: no bytes.
        UnsafeMediaError: a playlist.
        NotMediaError: nothing on the allow-list.
    """
    if not path.is_file():
        raise FileMissingError("There is no file of that name; give the path of a recording.")
    try:
        with path.open("rb") as file:
            return _identify(file)
    except OSError as error:
        raise InputError("The file cannot be read; check its permissions.") from error


def build_whitelists(container: str) -> dict[str, str]:
    """Build the input options that forbid every other file, address and format."""
    options = {
        "protocol_whitelist": "file,pipe",
        "format_whitelist": container,
        "max_streams": str(MAX_STREAMS),
    }
    if container == "mov":
        options |= {"enable_drefs": "0", "use_absolute_path": "0"}
    return options


def build_input_options(path: Path) -> dict[str, str]:
    """Build the input options under which ffmpeg opens a file that passed inspection, as what it is and no more.

    Raises:
        InputError: the file is gone, or no longer what it was.
    """
    container = get_container(path)
    return {"f": container, **build_whitelists(container)}


def build_input_arguments(path: Path, *, is_first: bool = True) -> list[str]:
    """Build ffmpeg's arguments for reading a file, as `build_input_options` says, and always on the same timeline.

    Args:
        is_first: of the inputs of its command; only that one's timeline is kept.
    """
    options = build_input_options(path)
    words = [*(word for name, value in options.items() for word in (f"-{name}", value)), "-i", name_file(path)]
    return [*words, *_KEPT_TIMELINE] if is_first and options["f"] in _DISCONTINUOUS else words


def find_sound_offset(file: BinaryIO) -> int:
    """Find where a bare stream begins behind its ID3 tag: bytes, 0 where there is no tag."""
    file.seek(0)
    head = file.read(_ID3_HEAD_BYTES)
    if len(head) < _ID3_HEAD_BYTES or not head.startswith(b"ID3"):
        return 0
    length = 0
    for seven_bits in head[6:]:
        length = length << 7 | seven_bits & 0x7F
    return _ID3_HEAD_BYTES + length


def _identify(file: BinaryIO) -> str:
    head = file.read(HEAD_BYTES)
    if not head:
        raise EmptyFileError("The file is empty; upload the recording again.")
    text = head.removeprefix(b"\xef\xbb\xbf")
    if _PLAYLIST.match(text) or _XML_PLAYLIST.match(text):
        raise UnsafeMediaError("This is a playlist, which points to other files; give the recording itself.")
    file.seek(find_sound_offset(file))
    name = _name_container(head) or _name_bare_stream(file.read(HEAD_BYTES))
    if name is None:
        raise NotMediaError(f"This is not a recording that we can read; give {ACCEPTED}.")
    return name


def _name_container(head: bytes) -> str | None:
    if (kinds := _IFF_KINDS.get(head[:4])) is not None:
        return kinds.get(head[8:12])
    box = head[4:8]
    if box in _LEADING_BOXES and (box == b"mdat" or head[0] == 0):  # any but the sound itself is below 16 MB
        return "mov"
    return next((name for magic, name in _MAGICS.items() if head.startswith(magic)), None)


def _name_bare_stream(head: bytes) -> str | None:
    """Name a row of frames without a container. The marks are weak; ffmpeg's own probing follows and is strict."""
    if head.startswith(b"fLaC"):
        return "flac"
    if head[: 2 * _TS_PACKET_BYTES + 1 : _TS_PACKET_BYTES] == b"GGG":
        return "mpegts"
    if len(head) < 2 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    layer = head[1] & 0x06
    if layer:
        return "mp3"
    return "aac" if head[1] & 0xF0 == 0xF0 else None
