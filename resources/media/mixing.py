"""Rendering a dub: the bed ducked under the voice track, mastered to its loudness and encoded in every format.

The mix is made once, as samples on disk; mastering is a gain and a limiter on the way from there into each encoder.
Everything streams.
"""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dubbing.limiting import Limited, limit_peaks
from dubbing.mixing import Loudness, Master, Preset, plan_correction, plan_limited_gain, plan_master
from dubbing.true_peak import Block
from dubbing.units import db_to_gain
from resources.media.bed import Bed
from resources.media.codecs import Codec, Tags
from resources.media.ffmpeg import Ffmpeg, name_file, start_ffmpeg, written_whole
from resources.media.kept_speech import splice_original
from resources.media.loudness import LOUDNESS_SCANNER, measure_loudness, parse_loudness
from resources.media.mix_graph import MixInputs, build_gated_arguments, build_mix_arguments
from resources.media.pcm_file import PcmFile
from resources.media.voice_track import VoiceTrack

BLOCK_FRAMES = 1 << 14
"""How much of a mix is mastered at once, frames: small enough that a peak makes little work."""

REPORT_EVERY_BLOCKS = 512
"""How often progress is told, blocks: about every three minutes of sound."""

MAX_CORRECTIONS = 3
"""How often a dub is encoded again because its loudness or peak came out wrong."""


@dataclass(frozen=True, slots=True)
class Mix:
    """A finished mix, not mastered: samples on disk, beyond full scale where they like.

    Attributes:
        loudness: as measured on the way; its peak is that of the samples.
        preset: what is made of it must measure.
    """

    path: Path
    rate_hz: int
    channels: int
    frames: int
    loudness: Loudness
    preset: Preset

    def read(self) -> Generator[Block, None, None]:
        """Read it block by block, shape (frames, channels)."""
        with PcmFile(self.path, self.channels) as file:
            for start in range(0, file.frames, BLOCK_FRAMES):
                yield file.read(start, BLOCK_FRAMES)


@dataclass(frozen=True, slots=True)
class Finished:
    """A dub in one format.

    Attributes:
        loudness: of the file, decoded again.
        master: what was done to the mix.
    """

    loudness: Loudness
    master: Master


def measure_under_speech(bed: Bed, track: VoiceTrack, ffmpeg: Ffmpeg) -> Loudness:
    """Measure how loud a bed is where the dub speaks."""
    arguments = build_gated_arguments(bed, track)
    with start_ffmpeg(ffmpeg, arguments, purpose="measure the bed", log_level="info") as running:
        pass
    return parse_loudness(running.report)


def render_mix(inputs: MixInputs, out: Path, ffmpeg: Ffmpeg) -> Mix:
    """Mix a bed with the voice track of a language.

    The mix is as long as the recording, or as the voice where that runs over its end.

    Args:
        inputs: the plan's rate is the track's and the bed's.

    Raises:
        DiskFullError, MediaError: nothing is left behind.
    """
    with written_whole(out) as part:
        arguments = build_mix_arguments(inputs, part)
        with start_ffmpeg(
            ffmpeg, arguments, purpose="mix the dub", stdin=inputs.is_spliced, log_level="info"
        ) as running:
            if inputs.is_spliced:
                for block in splice_original(inputs.bed, inputs.kept, ffmpeg):
                    running.stdin.write(block.tobytes())
    plan = inputs.plan
    return Mix(out, plan.rate_hz, plan.channels, inputs.frames, parse_loudness(running.report), plan.preset)


def render_voice(inputs: MixInputs, out: Path, ffmpeg: Ffmpeg) -> Mix:
    """Render the voice alone, as loud in its channels and as long as it is in the mix."""
    return render_mix(replace(inputs, kind="none", kept=()), out, ffmpeg)


def master_blocks(mix: Mix, master: Master) -> Generator[Limited, None, None]:
    """Give the mix as it is mastered: around the limited peaks lowered, elsewhere its samples times one gain."""
    gain = np.float32(db_to_gain(master.gain_db))
    with closing(mix.read()) as blocks:
        yield from limit_peaks((block * gain for block in blocks), master.ceiling_dbtp, mix.rate_hz)


def finish_dub(
    mix: Mix,
    codec: Codec,
    out: Path,
    ffmpeg: Ffmpeg,
    *,
    tags: Tags,
    master: Master | None = None,
    report: Callable[[float], None] = lambda _: None,
) -> Finished:
    """Master a mix and write it in one format, so that the file itself measures what the preset asks for.

    Args:
        master: from `settle_master`, where that was done already.
        report: told how much is done, 0-1.

    Returns:
        The file's loudness, decoded again.

    Raises:
        DiskFullError, MediaError: nothing is left behind.
    """
    master = master or settle_master(mix, codec, ffmpeg)
    with written_whole(out) as part:
        for _ in range(1 + MAX_CORRECTIONS):
            _encode(mix, master, codec, part, ffmpeg, tags, report)
            finished = Finished(measure_loudness(part, mix.channels, ffmpeg), master)
            correction = plan_correction(master, finished.loudness, mix.preset)
            if correction is None:
                break
            master = correction
    return finished


def settle_master(mix: Mix, codec: Codec, ffmpeg: Ffmpeg) -> Master:
    """Plan how a mix is mastered; where peaks are to be limited, from what that does: encoding again costs more.

    Raises:
        MediaError: the mix cannot be measured.
    """
    master = plan_master(mix.loudness, mix.preset, encode_margin_db=codec.margin_db)
    if mix.loudness.true_peak_dbtp + master.gain_db <= master.ceiling_dbtp:
        return master
    arguments = [*_build_input(mix), "-af", LOUDNESS_SCANNER, "-f", "null", "pipe:1"]
    with (
        closing(master_blocks(mix, master)) as blocks,
        start_ffmpeg(ffmpeg, arguments, purpose="measure the mix", stdin=True, log_level="info") as running,
    ):
        for block, _ in blocks:
            running.stdin.write(block.tobytes())
    return plan_limited_gain(master, parse_loudness(running.report), mix.preset)


def write_dub(mix: Mix, master: Master, codec: Codec, out: Path, ffmpeg: Ffmpeg, *, tags: Tags) -> None:
    """Write a mix as it is mastered elsewhere, whatever it measures then.

    Raises:
        DiskFullError, MediaError: nothing is left behind.
    """
    with written_whole(out) as part:
        _encode(mix, master, codec, part, ffmpeg, tags, lambda _: None)


def _encode(
    mix: Mix, master: Master, codec: Codec, out: Path, ffmpeg: Ffmpeg, tags: Tags, report: Callable[[float], None]
) -> None:
    arguments = [
        *_build_input(mix),
        *codec.build_options(mix.channels),
        *tags.build_options(),
        name_file(out),
    ]
    with (
        closing(master_blocks(mix, master)) as blocks,
        start_ffmpeg(ffmpeg, arguments, purpose="write the dub", stdin=True) as running,
    ):
        for number, (block, _) in enumerate(blocks):
            running.stdin.write(block.tobytes())
            if number % REPORT_EVERY_BLOCKS == 0:
                report(min(1.0, number * BLOCK_FRAMES / mix.frames))


def _build_input(mix: Mix) -> list[str]:
    return ["-f", "f32le", "-ar", str(mix.rate_hz), "-ac", str(mix.channels), "-i", "pipe:0"]
