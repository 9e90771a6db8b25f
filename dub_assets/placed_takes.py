"""From the takes in the store to speech at its place: each read, cut and stretched, some at a time."""

import os
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future

from dubbing.audio import apply_edge_fades
from dubbing.stages import VoicedSegment
from dubbing.units import ms_to_frames
from resources.container import Container
from resources.database.tables import Take
from resources.media.stretching import stretch
from resources.media.voice_track import PlacedSpeech
from resources.media.wav import read_wav
from resources.telemetry.context import ContextPool

WORKERS = max(2, os.cpu_count() or 2)
"""Takes that are stretched at one time: each starts a program of its own, which takes longer than its work."""

LOOK_AHEAD = 2 * WORKERS
"""Takes that are in memory at one time, at most."""


def place_takes(
    container: Container, lines: Sequence[VoicedSegment], takes: Mapping[str, Take], report: Callable[[float], None]
) -> Generator[PlacedSpeech, None, None]:
    """Give the speech of a language in the order of its lines.

    Close the iterator when leaving it early: it waits for what is being stretched.

    Args:
        lines: in order of time.
        takes: by content key.
        report: told how much is done, 0-1.
    """
    spoken = [(line, takes[line.take_key]) for line in lines if line.take_key is not None]
    with ContextPool(WORKERS, "take") as pool:
        waiting: deque[Future[PlacedSpeech]] = deque()
        try:
            for number, (line, take) in enumerate(spoken):
                waiting.append(pool.submit(_fit, container, line, take))
                if len(waiting) >= LOOK_AHEAD:
                    yield waiting.popleft().result()
                report(number / len(spoken))
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _fit(container: Container, line: VoicedSegment, take: Take) -> PlacedSpeech:
    with container.store.fetch(take.storage_key) as file:
        samples, rate_hz = read_wav(file)
    speech = samples[ms_to_frames(take.speech_start_ms, rate_hz) : ms_to_frames(take.speech_end_ms, rate_hz)]
    fitted = stretch(
        apply_edge_fades(speech, rate_hz),
        rate_hz,
        container.ffmpeg,
        speed=line.speed,
        frames=ms_to_frames(line.duration_ms, rate_hz),
    )
    return PlacedSpeech(line.start_ms, fitted, rate_hz)
