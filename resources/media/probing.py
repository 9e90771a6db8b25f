"""What a file's header claims, read without decoding: by ffprobe, or by PyAV in a process of its own."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Timer
from typing import IO, cast

from dubbing.errors import InputError, NoAudioStreamError, NotMediaError, ToolMissingError
from dubbing.units import s_to_ms
from resources.media import av_probe, confined
from resources.media.containers import build_whitelists, find_sound_offset
from resources.media.ffmpeg import INSTALL_HINT, MAX_ALLOCATION_BYTES, Ffmpeg, name_file
from resources.media.probe_answer import DAMAGED, Answer, Stream, parse_answer

PROBE_TIMEOUT_S = 60
"""Time for reading a header, seconds; it takes a fraction of one, more on a network disk."""

MAX_ANSWER_BYTES = 1024 * 1024
"""Longest answer of a prober that is read, bytes; honest ones have a few kilobytes."""

MAX_CHANNELS = 8
"""Most channels with an agreed order (7.1), which can be folded to stereo."""

RATES_HZ = range(4_000, 384_001)
"""Sampling rates of real recordings, Hz."""

_EXACT_HEADERS = frozenset({"wav", "w64", "aiff", "caf", "au", "flac", "mov"})
"""Containers whose header states the length of each stream; the others' lengths are estimates from the bit rate."""

_LENGTH_TAGS = (b"Xing", b"Info", b"VBRI")
_LENGTH_TAG_REACH_BYTES = 256
_CLOCK = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Header:
    """What a file claims of its first audio stream.

    Attributes:
        codec: ffmpeg's name.
        declared_ms: length, or None where the header does not state it exactly.
        has_video: moving pictures; the cover of a record is none.
        picture: which of them is the film, counted from 0: the largest, and among equals the default.
    """

    codec: str
    rate_hz: int
    channels: int
    declared_ms: int | None
    has_video: bool
    picture: int = 0


def probe_header(path: Path, container: str, ffmpeg: Ffmpeg) -> Header:
    """Read the header. The format is left to the prober to recognise, within the allow-list.

    Raises:
        NotMediaError: the content is not what its first bytes promise.
        NoAudioStreamError: pictures only.
        InputError: a layout that we do not dub.
    """
    answer = parse_answer(_ask_prober(_build_command(path, container, ffmpeg)))
    is_exact = container in _EXACT_HEADERS or (container == "mp3" and _has_length_tag(path))
    return read_header(answer, container, is_exact=is_exact)


def read_header(answer: Answer, container: str, *, is_exact: bool) -> Header:
    """Take from a prober's answer what we need of the first audio stream.

    Args:
        is_exact: the file states the length of the stream, else it is an estimate.

    Raises:
        NoAudioStreamError: pictures only.
        InputError: a layout that we do not dub.
    """
    audio = next((stream for stream in answer.streams if stream.codec_type == "audio"), None)
    if audio is None:
        raise NoAudioStreamError("There is no sound in this file; give one with an audio track.")
    if audio.sample_rate not in RATES_HZ or not 0 < audio.channels <= MAX_CHANNELS:
        raise InputError(f"The sound has an unusual layout; export it with 1 to {MAX_CHANNELS} channels at 48 kHz.")
    length_s = audio.duration if is_exact else None
    if container == "matroska":
        length_s = _find_matroska_length_s(audio, answer)
    pictures = [stream for stream in answer.streams if stream.is_video]
    return Header(
        codec=audio.codec_name,
        rate_hz=audio.sample_rate,
        channels=audio.channels,
        declared_ms=None if length_s is None or length_s < 0 else s_to_ms(length_s),
        has_video=bool(pictures),
        picture=max(range(len(pictures)), key=lambda n: pictures[n].prominence, default=0),
    )


def _ask_prober(command: list[str]) -> bytes:
    """Run a prober under limits of memory, time and what it may say."""
    confinement = [sys.executable, "-I", "-S", str(confined.__file__)]
    with subprocess.Popen(
        [*confinement, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as prober:
        alarm = Timer(PROBE_TIMEOUT_S, prober.kill)
        alarm.start()
        try:
            answer, exit_code = _read_answer(prober)
        finally:
            prober.kill()
            alarm.cancel()
    if exit_code == confined.CANNOT_RUN:
        raise ToolMissingError(f"The ffprobe beside ffmpeg does not run; {INSTALL_HINT}.")
    if exit_code or len(answer) > MAX_ANSWER_BYTES:
        raise NotMediaError(DAMAGED)
    return answer


def _read_answer(prober: subprocess.Popen[bytes]) -> tuple[bytes, int]:
    answer = cast(IO[bytes], prober.stdout).read(MAX_ANSWER_BYTES + 1)
    if len(answer) > MAX_ANSWER_BYTES:
        prober.kill()
    return answer, prober.wait()


def _build_command(path: Path, container: str, ffmpeg: Ffmpeg) -> list[str]:
    options = build_whitelists(container)
    if ffmpeg.probe_path is None:
        _check_av_is_installed()
        return [sys.executable, "-I", str(av_probe.__file__), json.dumps(options), name_file(path)]
    entries = (
        "format=duration:stream=codec_type,codec_name,sample_rate,channels,width,height,duration"
        ":stream_disposition=attached_pic,default:stream_tags=DURATION"
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


def _find_matroska_length_s(audio: Stream, answer: Answer) -> float | None:
    """A stream's own length is in a tag that most writers set; the film's length says nothing of its sound."""
    if clock := _CLOCK.fullmatch(audio.tags.DURATION or ""):
        hours, minutes, seconds = clock.groups()
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return None if any(stream.is_video for stream in answer.streams) else answer.format.duration


def _has_length_tag(path: Path) -> bool:
    """Tell whether an MP3 begins with a frame that counts the others; lengths are guessed from the bit rate if not."""
    with path.open("rb") as file:
        file.seek(find_sound_offset(file))
        head = file.read(_LENGTH_TAG_REACH_BYTES)
    return any(tag in head for tag in _LENGTH_TAGS)
