"""The bed: what lies under a dub, prepared once per job and shared by its languages."""

import errno
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from dubbing.delivery import BedKind
from dubbing.engines import Samples
from dubbing.envelope import RATE_HZ, Envelope, build_envelope
from dubbing.errors import DiskFullError
from resources.media.containers import build_input_arguments
from resources.media.decoding import (
    INVALID_SAMPLES_AS_SILENCE,
    SAMPLE_BYTES,
    SPEECH_BLOCK_FRAMES,
    build_timeline_filter,
)
from resources.media.ffmpeg import Ffmpeg, name_file, start_ffmpeg
from resources.media.inspection import SourceAudio
from resources.media.pcm_file import PCM_OPTIONS, PcmFile
from resources.separation.port import Separator
from resources.separation.splicing import replace_speech

SILENCE_OPTIONS = ("-c:a", "flac", "-sample_fmt", "s16", "-compression_level", "0", "-f", "flac")
"""ffmpeg's options for a bed of silence: an hour of it is half a megabyte."""

DECODING_SHARE = 0.1
"""Share of the work that is done when the recording is decoded and its speech is still to be taken out, 0-1."""

_LAYOUTS = {1: "mono", 2: "stereo"}


@dataclass(frozen=True, slots=True)
class _Output:
    """A file that the decoder writes; ``filters`` end with a comma."""

    path: Path
    options: Sequence[str]
    filters: str = ""


@dataclass(frozen=True, slots=True)
class Bed:
    """What lies under every language's voice.

    Attributes:
        path: WAV of 32-bit floats, or FLAC where it is silence; as long as the recording.
        envelope: of the original recording, whatever the bed is.
        original_path: the original in the same form, where it was asked for; ``path`` itself where the bed is the
            original.
    """

    path: Path
    rate_hz: int
    channels: int
    frames: int
    envelope: Envelope
    original_path: Path | None = None


def prepare_bed(
    recording: Path,
    source: SourceAudio,
    kind: BedKind,
    speech: Sequence[tuple[int, int]],
    ffmpeg: Ffmpeg,
    *,
    rate_hz: int,
    channels: int,
    out: Path,
    separator: Callable[[], Separator],
    keeps_original: bool = False,
    report: Callable[[float], None] = lambda _: None,
) -> Bed:
    """Decode a recording once, and make of it what lies under its dubs.

    ``duck`` is the original, ``none`` silence, ``separate`` the original with its speech taken out where somebody
    speaks; everywhere else that is the original, sample for sample.

    Args:
        recording: a file that passed inspection, as ``source``.
        speech: when somebody speaks, (start, end) in ms; only ``separate`` asks.
        rate_hz, channels: of the mix; channels 1 or 2.
        out: becomes the bed; the original is kept beside it. Nothing half-made is left there.
        separator: called only if needed.
        keeps_original: for lines that keep the source's own voice.
        report: told how much is done, 0-1.

    Raises:
        InputError: the recording is no longer what it was.
        DiskFullError: no space left.
        MediaError: it cannot be decoded.
        ToolMissingError: the separator is not installed.
        WeightsError: the separator's model is missing or not the one we know.
    """
    frames = -(-source.frames * rate_hz // source.rate_hz)
    with _guard_disk(), tempfile.TemporaryDirectory(dir=out.parent, prefix=".bed-") as workspace:
        sound, silence = Path(workspace, "sound"), Path(workspace, "silence")
        outputs = [_Output(sound, PCM_OPTIONS)] if kind != "none" or keeps_original else []
        if kind == "none":
            outputs.append(_Output(silence, SILENCE_OPTIONS, "volume=0,"))
        graph = _build_graph(source, outputs, rate_hz=rate_hz, channels=channels, frames=frames)
        envelope = _decode(recording, graph, outputs, ffmpeg)
        bed = silence if kind == "none" else sound
        if kind == "separate":
            report(DECODING_SHARE)
            bed = Path(shutil.copyfile(sound, Path(workspace, "background"))) if keeps_original else sound
            with PcmFile(bed, channels) as file:
                replace_speech(file, rate_hz, speech, separator(), lambda done: report(_get_share(done)))
        original = out if kind == "duck" else None
        if keeps_original and kind != "duck":
            original = sound.replace(out.with_name(f"{out.stem}-original{out.suffix}"))
        bed.replace(out)
    report(1.0)
    return Bed(out, rate_hz, channels, frames, envelope, original)


def _build_graph(source: SourceAudio, outputs: Sequence[_Output], *, rate_hz: int, channels: int, frames: int) -> str:
    """Build the graph that gives each output the whole recording, and one channel to be looked at."""
    cleaned = f"aeval=exprs='{INVALID_SAMPLES_AS_SILENCE}':c=same," if source.has_invalid_samples else ""
    length = f"apad=whole_len={frames},atrim=end_sample={frames}"
    shaped = f"{build_timeline_filter(rate_hz)},aformat=channel_layouts={_LAYOUTS[channels]},{length}"
    return ";".join(
        [
            f"[0:a:0]{cleaned}asplit={len(outputs) + 1}[heard]" + "".join(f"[in{n}]" for n in range(len(outputs))),
            f"[heard]{build_timeline_filter(RATE_HZ)},aformat=channel_layouts=mono[levels]",
            *(f"[in{n}]{output.filters}{shaped}[out{n}]" for n, output in enumerate(outputs)),
        ]
    )


def _decode(recording: Path, graph: str, outputs: Sequence[_Output], ffmpeg: Ffmpeg) -> Envelope:
    """Write the outputs, and take the envelope on the way."""
    written = [
        word
        for n, output in enumerate(outputs)
        for word in ("-map", f"[out{n}]", *output.options, name_file(output.path))
    ]
    arguments = [*build_input_arguments(recording), "-filter_complex", graph, *written]
    arguments += ["-map", "[levels]", "-f", "f32le", "pipe:1"]
    with start_ffmpeg(ffmpeg, arguments, purpose="decode the recording", stdout=True) as running:
        return build_envelope(_read_mono(running.stdout))


def _read_mono(stream: IO[bytes]) -> Iterator[Samples]:
    while data := stream.read(SPEECH_BLOCK_FRAMES * SAMPLE_BYTES):
        yield np.frombuffer(data, dtype="<f4")


def _get_share(separated: float) -> float:
    return DECODING_SHARE + separated * (1 - DECODING_SHARE)


@contextmanager
def _guard_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise DiskFullError("The disk is full: could not prepare the bed. Make room and start again.") from error
