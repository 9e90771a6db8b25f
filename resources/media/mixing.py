"""Rendering a dub: the original ducked under the voice track, mastered to its loudness and encoded.

One graph, run twice: once to measure, once to encode with the gain that measuring asks for. Everything streams.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dubbing.mixing import Loudness, MixPlan, plan_correction, plan_master
from resources.media.ffmpeg import Ffmpeg, start_ffmpeg, written_whole
from resources.media.inspection import SourceAudio
from resources.media.loudness import measure_loudness, parse_loudness
from resources.media.mix_graph import MixInputs, build_encoding_arguments, build_measuring_arguments
from resources.media.voice_track import VoiceTrack

SYNTHETIC_SPEECH_NOTE = "The speech in this recording is synthetic."
"""Written into every dub: listeners must be able to learn it. Source: EU AI Act, Article 50."""

MAX_CORRECTIONS = 2
"""How often a dub is encoded again because its loudness or peak came out wrong."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How a dub is encoded.

    Attributes:
        muxer: ffmpeg's name of the container.
        options: of ffmpeg, for mono and for stereo.
        margin_db: by how much it may raise peaks.
    """

    muxer: str
    options: Mapping[int, Mapping[str, str]]
    margin_db: float


AAC = Codec(
    "ipod",
    {
        channels: {"c:a": "aac", "b:a": bit_rate, "movflags": "+faststart"}
        for channels, bit_rate in ((1, "96k"), (2, "160k"))
    },
    margin_db=0.7,
)
"""M4A, which every player takes."""

LOSSLESS = Codec("flac", {channels: {"c:a": "flac", "sample_fmt": "s32"} for channels in (1, 2)}, margin_db=0.2)
"""FLAC of 24 bits, for those who go on working with the dub."""


def render_mix(
    recording: Path,
    source: SourceAudio,
    track: VoiceTrack,
    plan: MixPlan,
    out: Path,
    ffmpeg: Ffmpeg,
    *,
    title: str,
    language_iso639_2: str,
    codec: Codec = AAC,
) -> Loudness:
    """Mix a recording with the voice track of a language and write the finished dub.

    The dub is as long as the recording, or as the voice where that runs over its end.

    Args:
        recording: the file that ``source`` was inspected from.
        plan: its rate is the track's.
        title: a tag for players.

    Returns:
        The finished file's loudness, decoded again.

    Raises:
        DiskFullError, MediaError: nothing is left behind.
    """
    inputs = MixInputs(recording, source, track, plan)
    options = _build_output_options(codec, plan.channels, title, language_iso639_2)
    master = plan_master(_measure_mix(inputs, ffmpeg), plan.preset, encode_margin_db=codec.margin_db)
    with written_whole(out) as part:
        for _ in range(1 + MAX_CORRECTIONS):
            arguments = build_encoding_arguments(inputs, master, part, options)
            with start_ffmpeg(ffmpeg, arguments, purpose="write the dub"):
                pass
            finished = measure_loudness(part, ffmpeg)
            correction = plan_correction(master, finished, plan.preset)
            if correction is None:
                break
            master = correction
    return finished


def _measure_mix(inputs: MixInputs, ffmpeg: Ffmpeg) -> Loudness:
    with start_ffmpeg(ffmpeg, build_measuring_arguments(inputs), purpose="mix the dub", log_level="info") as running:
        pass
    return parse_loudness(running.report)


def _build_output_options(codec: Codec, channels: int, title: str, language: str) -> dict[str, str]:
    """Build the options of the finished file; nothing of the original's tags is carried over."""
    return {
        "f": codec.muxer,
        **codec.options[channels],
        "map_metadata": "-1",
        "map_chapters": "-1",
        "metadata": f"title={title}",
        "metadata:g": f"comment={SYNTHETIC_SPEECH_NOTE}",  # the same option; ffmpeg-python takes each name once
        "metadata:s:a:0": f"language={language}",
    }
