"""Putting the background in place of what was spoken, in a file of samples, a block at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from dubbing.errors import MediaError
from resources.media.pcm_file import PcmFile
from resources.separation.port import Block, Separator
from resources.separation.windows import Stretch, measure_weights, plan_stretches, plan_windows

BLOCK_FRAMES = 1 << 16


def replace_speech(
    sound: PcmFile,
    rate_hz: int,
    speech: Sequence[tuple[int, int]],
    separator: Separator,
    report: Callable[[float], None],
) -> None:
    """Take the speech out of a file, in place; outside the windows around it no sample changes.

    The separator hears the windows with what leads to them, one behind the other as if they were one sound, so that
    it is loaded once however many there are. Nothing it has changed is read again: it reads ahead of what it gives.

    Args:
        speech: (start, end) in ms.
        report: told how much is done, 0-1.
    """
    windows = plan_windows(speech, rate_hz)
    stretches = plan_stretches(windows, rate_hz, sound.frames)
    heard_frames = sum(stretch.end - stretch.start for stretch in stretches)
    if not heard_frames:
        return
    background = separator.separate(_read(sound, stretches), rate_hz)
    done = 0
    for start, block in _locate(background, stretches):
        weights = measure_weights(windows, rate_hz, start, len(block))
        if weights.any():
            original = sound.read(start, len(block))
            sound.write(start, original + weights[:, None] * (block - original))
        done += len(block)
        report(done / heard_frames)


def _read(sound: PcmFile, stretches: Iterable[Stretch]) -> Iterator[Block]:
    for stretch in stretches:
        for start in range(stretch.start, stretch.end, BLOCK_FRAMES):
            yield sound.read(start, min(BLOCK_FRAMES, stretch.end - start))


def _locate(blocks: Iterator[Block], stretches: Iterable[Stretch]) -> Iterator[tuple[int, Block]]:
    """Give each block its place, cut where a stretch ends."""
    rest: Block | None = None
    for stretch in stretches:
        at = stretch.start
        while at < stretch.end:
            block = rest if rest is not None and len(rest) else next(blocks, None)
            if block is None:
                raise MediaError("The separator gave less sound than it was given; try again.")
            fitting, rest = block[: stretch.end - at], block[stretch.end - at :]
            yield at, fitting
            at += len(fitting)
