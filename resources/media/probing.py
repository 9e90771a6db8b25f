"""What a file's header claims, read without decoding: by ffprobe, or by PyAV in a process of its own."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dubbing.errors import InputError, NoAudioStreamError, NotMediaError, ToolMissingError
from dubbing.units import s_to_ms
from resources.media import av_probe
from resources.media.containers import build_whitelists, find_sound_offset
from resources.media.ffmpeg import INSTALL_HINT, MAX_ALLOCATION_BYTES, Ffmpeg, name_file

PROBE_TIMEOUT_S = 60
"""Time for reading a header, seconds; it takes a fraction of one, more on a network disk."""

MAX_CHANNELS = 8
"""Most channels with an agreed order (7.1), which can be folded to stereo."""

RATES_HZ = range(4_000, 384_001)
"""Sampling rates of real recordings, Hz."""

_EXACT_HEADERS = frozenset({"wav", "w64", "aiff", "caf", "au", "flac", "mov"})
"""Containers whose header states the length of each stream; the others' lengths are estimates from the bit rate."""

_LENGTH_TAGS = (b"Xing", b"Info", b"VBRI")
_LENGTH_TAG_REACH_BYTES = 256
_CLOCK = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Header:
    """What a file claims of its first audio stream.

    Attributes:
        codec: ffmpeg's name.
        declared_ms: length, or None where the header does not state it exactly.
        has_video: moving pictures; the cover of a record is none.
    """

    codec: str
    rate_hz: int
    channels: int
    declared_ms: int | None
    has_video: bool


def probe_header(path: Path, container: str, ffmpeg: Ffmpeg) -> Header:
    """Read the header. The format is left to the prober to recognise, within the allow-list.

    Raises:
        NotMediaError: the content is not what its first bytes promise.
        NoAudioStreamError: pictures only.
        InputError: a layout that we do not dub.
    """
    facts = _ask_prober(path, container, ffmpeg)
    streams: list[Mapping[str, Any]] = facts.get("streams", [])
    audio = next((stream for stream in streams if stream.get("codec_type") == "audio"), None)
    if audio is None:
        raise NoAudioStreamError("There is no sound in this file; give one with an audio track.")
    header = Header(
        codec=str(audio.get("codec_name", "unknown")),
        rate_hz=int(audio.get("sample_rate", 0)),
        channels=int(audio.get("channels", 0)),
        declared_ms=_find_declared_ms(path, container, audio, facts),
        has_video=any(_is_video(stream) for stream in streams),
    )
    if header.rate_hz not in RATES_HZ or not 0 < header.channels <= MAX_CHANNELS:
        raise InputError(f"The sound has an unusual layout; export it with 1 to {MAX_CHANNELS} channels at 48 kHz.")
    return header


def _ask_prober(path: Path, container: str, ffmpeg: Ffmpeg) -> dict[str, Any]:
    try:
        answer = subprocess.run(
            _build_command(path, container, ffmpeg),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=PROBE_TIMEOUT_S,
        )
        return dict(json.loads(answer.stdout))
    except (subprocess.SubprocessError, ValueError) as error:
        raise NotMediaError("The file is damaged, or not the recording that its first bytes promise.") from error


def _build_command(path: Path, container: str, ffmpeg: Ffmpeg) -> list[str]:
    options = build_whitelists(container)
    if ffmpeg.probe_path is None:
        _check_av_is_installed()
        return [sys.executable, "-I", str(av_probe.__file__), json.dumps(options), name_file(path)]
    entries = (
        "format=duration:stream=codec_type,codec_name,sample_rate,channels,duration"
        ":stream_disposition=attached_pic:stream_tags=DURATION"
    )
    return [
        str(ffmpeg.probe_path),
        *("-loglevel", "quiet", "-max_alloc", str(MAX_ALLOCATION_BYTES)),
        *(word for name, value in options.items() for word in (f"-{name}", value)),
        *("-print_format", "json", "-show_entries", entries, "-i", name_file(path)),
    ]


def _check_av_is_installed() -> None:
    if find_spec("av") is None:
        raise ToolMissingError(f"Neither ffprobe nor the av package is there; {INSTALL_HINT} and `pip install av`.")


def _find_declared_ms(path: Path, container: str, audio: Mapping[str, Any], facts: Mapping[str, Any]) -> int | None:
    if container == "matroska":
        return _find_matroska_ms(audio, facts)
    is_exact = container in _EXACT_HEADERS or (container == "mp3" and _has_length_tag(path))
    return s_to_ms(float(audio["duration"])) if is_exact and "duration" in audio else None


def _find_matroska_ms(audio: Mapping[str, Any], facts: Mapping[str, Any]) -> int | None:
    """A stream's own length is in a tag that most writers set; the film's length says nothing of its sound."""
    if clock := _CLOCK.fullmatch(str(audio.get("tags", {}).get("DURATION", ""))):
        hours, minutes, seconds = clock.groups()
        return s_to_ms(int(hours) * 3600 + int(minutes) * 60 + float(seconds))
    has_video = any(_is_video(stream) for stream in facts["streams"])
    length = facts.get("format", {}).get("duration")
    return None if has_video or length is None else s_to_ms(float(length))


def _has_length_tag(path: Path) -> bool:
    """Tell whether an MP3 begins with a frame that counts the others; lengths are guessed from the bit rate if not."""
    with path.open("rb") as file:
        file.seek(find_sound_offset(file))
        head = file.read(_LENGTH_TAG_REACH_BYTES)
    return any(tag in head for tag in _LENGTH_TAGS)


def _is_video(stream: Mapping[str, Any]) -> bool:
    return stream.get("codec_type") == "video" and not stream.get("disposition", {}).get("attached_pic")
