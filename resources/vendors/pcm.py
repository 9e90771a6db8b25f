"""Speech as vendors send it: bare samples of 16 bits, and what comes in their place."""

import codecs
from typing import Final

import numpy as np

from dubbing.engines import Speech
from dubbing.errors import VendorReplyError
from dubbing.units import db_to_gain
from dubbing.usage import Receipt

SILENCE_DB: Final = -50.0
"""A reading whose loudest sample lies below this is no reading, dBFS: a listener hears nothing beside other sound."""

_FULL_SCALE = 32768.0

_LOOKED_AT_BYTES = 1024

_TEXT_KINDS = ("json", "html", "xml", "text/")
"""Only text is believed by its name: vendors call bare samples anything from ``audio/l16`` to ``audio/mpeg``."""


def parse_pcm16(
    body: bytes, rate_hz: int, *, content_type: str | None = None, receipt: Receipt | None = None
) -> Speech:
    """Read mono samples of 16 bits, little end first, without a header.

    Args:
        content_type: as the vendor declares the body; what it begins with is looked at besides.
        receipt: of the call, for the error: it is billed all the same.

    Raises:
        VendorReplyError: nothing, half a sample, silence, or something else than bare samples.
    """

    def refuse(what: str) -> VendorReplyError:
        return VendorReplyError(f"The vendor answered with {what} instead of speech; try again.", receipt=receipt)

    if not body:
        raise refuse("nothing")
    if _is_text(body, content_type or ""):
        raise refuse("text")
    if _is_container(body, content_type or ""):
        raise refuse("a media file")
    if len(body) % 2:
        raise refuse("broken samples")
    samples = np.frombuffer(body, dtype="<i2").astype(np.float32) / np.float32(_FULL_SCALE)
    if float(np.abs(samples).max()) < db_to_gain(SILENCE_DB):
        raise refuse("silence")
    return Speech(samples, rate_hz)


def _is_text(body: bytes, content_type: str) -> bool:
    """Tell a message from samples: no sound has a kilobyte in which every byte is part of a printed character."""
    if any(kind in content_type.lower() for kind in _TEXT_KINDS):
        return True
    try:
        start = codecs.getincrementaldecoder("utf-8")().decode(body[:_LOOKED_AT_BYTES])
    except UnicodeDecodeError:
        return False
    return bool(start) and all(character.isprintable() or character.isspace() for character in start)


def _is_container(body: bytes, content_type: str) -> bool:
    """Tell a file from samples by what only a file begins with; a sample may have any value, but speech starts low."""
    return (
        (body[:4] in (b"RIFF", b"RF64") and body[8:12] == b"WAVE")
        or body[:5] == b"OggS\0"
        or body[:4] in (b"fLaC", b"\x1aE\xdf\xa3")
        or (body[:3] == b"ID3" and len(body) > 10 and body[3] < 5 and max(body[6:10]) < 0x80)
        or (body[4:8] == b"ftyp" and body[8:12].isalnum())
        # The frame of an MP3 begins like a quiet sample may: here the name has to agree.
        or (body[0] == 0xFF and body[1:2] >= b"\xe0" and "mp" in content_type.lower())
    )
