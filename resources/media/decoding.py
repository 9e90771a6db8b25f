"""Decoding a recording block by block, on the timeline that every part of a dub shares."""

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dubbing.engines import Samples
from resources.media.containers import build_input_arguments
from resources.media.ffmpeg import Ffmpeg, start_ffmpeg

TIMELINE = {"async": 1, "first_pts": 0, "rematrix_maxval": 1}
"""Options of ``aresample``. The first two put every sample at its time: a track that begins late or has a hole is
filled with silence, and a dub does not drift from the pictures of its film. The third keeps channels that are folded
together below full scale, which ffmpeg does for integers and forgets for floats."""

VALID_BELOW = 64
"""Samples of this size and more are garbage, as those that are no numbers; full scale is 1. Source: floats of real
recordings pass full scale by a few dB, never by 36."""

INVALID_SAMPLES_AS_SILENCE = f"if(lt(abs(val(ch)),{VALID_BELOW}),val(ch),0)"
"""Expression for ``aeval`` that puts 0 in place of invalid samples; slow, and only used where there are such."""

SAMPLE_BYTES = 4

SPEECH_BLOCK_FRAMES = 1 << 16
"""Frames that a recogniser is given at once."""


def decode_blocks(
    path: Path, ffmpeg: Ffmpeg, *, rate_hz: int, channels: int, block_frames: int
) -> Generator[NDArray[np.float32], None, None]:
    """Decode the first audio stream of a file that passed inspection.

    Close the iterator when leaving it early; ffmpeg ends with it.

    Args:
        channels: 1 or 2; others are folded.

    Yields:
        Blocks of shape (block_frames, channels), the last one shorter; finite, full scale 1.0.

    Raises:
        InputError: the file is no longer what it was.
        MediaError: it cannot be decoded.
    """
    layout = {1: "mono", 2: "stereo"}[channels]
    graph = f"{build_timeline_filter(rate_hz)},aformat=channel_layouts={layout}"
    arguments = [*build_input_arguments(path), "-map", "0:a:0", "-af", graph, "-f", "f32le", "pipe:1"]
    with start_ffmpeg(ffmpeg, arguments, purpose="decode the recording", stdout=True) as running:
        while data := running.stdout.read(block_frames * channels * SAMPLE_BYTES):
            block = np.frombuffer(data, dtype="<f4").reshape(-1, channels)
            yield silence_invalid_samples(block)


def decode_mono(path: Path, ffmpeg: Ffmpeg, *, rate_hz: int) -> Iterator[Samples]:
    """Decode into one channel at one rate, as recognisers take it; see `decode_blocks`."""
    with closing(decode_blocks(path, ffmpeg, rate_hz=rate_hz, channels=1, block_frames=SPEECH_BLOCK_FRAMES)) as blocks:
        for block in blocks:
            yield block[:, 0]


def silence_invalid_samples(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Copy a block with 0 in place of garbage and of what is no number."""
    return np.where(np.abs(block) < VALID_BELOW, block, np.float32(0.0))


def build_timeline_filter(rate_hz: int) -> str:
    """Build the filter that resamples onto the shared timeline."""
    return ":".join([f"aresample={rate_hz}", *(f"{name}={value}" for name, value in TIMELINE.items())])
