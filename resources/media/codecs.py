"""The formats of a finished dub: how each is encoded, what it is called and what it says about itself."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from dubbing.delivery import AudioFormat
from dubbing.errors import ToolMissingError
from resources.media.ffmpeg import INSTALL_HINT, Ffmpeg, start_ffmpeg

SYNTHETIC_SPEECH_NOTE = "The speech in this recording is synthetic."
"""Written into every dub: listeners must be able to learn it. Source: EU AI Act, Article 50."""

BIT_EXACT = ("-fflags", "+bitexact", "-flags:a", "+bitexact")
"""Options without which Ogg draws a random number for each file, and every file names the version of ffmpeg."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How a dub is encoded.

    Attributes:
        encoder, muxer: ffmpeg's names.
        margin_db: by how much encoding may raise peaks.
        bit_rates: for mono and for stereo; none where nothing is lost.
        rate_hz: the one rate that it takes; None where it keeps the mix's.
    """

    encoder: str
    muxer: str
    media_type: str
    margin_db: float
    bit_rates: Mapping[int, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    rate_hz: int | None = None

    def build_options(self, channels: int) -> list[str]:
        """Build the output options of ffmpeg."""
        bit_rate = ["-b:a", self.bit_rates[channels]] if self.bit_rates else []
        rate = ["-ar", str(self.rate_hz)] if self.rate_hz else []
        return ["-f", self.muxer, "-c:a", self.encoder, *bit_rate, *rate, *self.options, *BIT_EXACT]


_AAC = ("-aac_pns", "0", "-aac_tns", "0", "-aac_coder", "fast")
"""Without noise substitution, which now and then throws a peak 3 dB above all others and is not needed at these rates;
the fast search is nearer to the original than the thorough one, by 10 dB in a reading, in half the time."""

CODECS: Mapping[AudioFormat, Codec] = MappingProxyType(
    {
        "m4a": Codec("aac", "ipod", "audio/mp4", 0.7, {1: "96k", 2: "160k"}, (*_AAC, "-movflags", "+faststart")),
        "mp3": Codec("libmp3lame", "mp3", "audio/mpeg", 0.7, {1: "128k", 2: "192k"}, ("-id3v2_version", "3")),
        "opus": Codec("libopus", "ogg", "audio/ogg", 1.0, {1: "80k", 2: "128k"}, rate_hz=48_000),
        "wav": Codec("pcm_s24le", "wav", "audio/wav", 0.2, options=("-rf64", "auto")),
        "flac": Codec("flac", "flac", "audio/flac", 0.2, options=("-sample_fmt", "s32")),
    }
)
"""M4A plays everywhere and is the default. WAV and FLAC hold 24 bits, for those who go on working with the dub; a WAV
beyond 4 GiB is an RF64. Opus knows no other rate than 48 kHz."""


@dataclass(frozen=True, slots=True)
class Tags:
    """What a file says of itself; nothing of the original's tags is carried over.

    Attributes:
        language: of three letters, ISO 639-2.
    """

    title: str
    language: str

    def build_options(self) -> list[str]:
        """Build the output options of ffmpeg. The language is the file's in some containers, the stream's in others."""
        texts = {"title": self.title, "comment": SYNTHETIC_SPEECH_NOTE, "language": self.language}
        return [
            *("-map_metadata", "-1", "-map_chapters", "-1"),
            *(word for name, text in texts.items() for word in ("-metadata", f"{name}={text}")),
            *("-metadata:s:a:0", f"language={self.language}"),
        ]


def check_encoders(ffmpeg: Ffmpeg, formats: Collection[AudioFormat]) -> None:
    """Make sure before the work that this ffmpeg can write these formats.

    Raises:
        ToolMissingError: it cannot; the message says which, and what to install.
    """
    known = list_encoders(ffmpeg)
    missing = [name for name in formats if CODECS[name].encoder not in known]
    if missing:
        encoders = ", ".join(CODECS[name].encoder for name in missing)
        raise ToolMissingError(
            f"This ffmpeg cannot write {', '.join(missing)}: it was built without {encoders}. Another has it: "
            f"{INSTALL_HINT}; or ask for other formats."
        )


@lru_cache
def list_encoders(ffmpeg: Ffmpeg) -> frozenset[str]:
    """List what an ffmpeg can write, by its own names."""
    with start_ffmpeg(ffmpeg, ["-encoders"], purpose="list its encoders", stdout=True) as running:
        answer = running.stdout.read().decode(errors="replace")
    return frozenset(re.findall(r"^ A\S{5} (\S+)", answer, re.MULTILINE))
