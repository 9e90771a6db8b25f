"""A long recording through the whole line: nothing is held whole, and the last line begins when it should."""

import threading
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from dubbing.quality import Quality
from resources.media.wav import FULL_SCALE
from tests.integration.line.conftest import Line
from tests.support.audio import make_noise, make_tone
from tests.support.engines import make_words
from tests.support.scale import choose

LENGTH_MS = choose(full=3_600_000, small=1_500_000)
EVERY_MS = 8_001
"""A line comes so often; no multiple of any block or frame, so that roundings would add up."""

SPOKEN_MS = 4_000
RATE_HZ = 16_000
MEMORY_LIMIT_MB = 200
"""The recording itself is 288 MB of samples in the form that is mixed, a whole hour 690."""

SAMPLING_S = 0.2


class Watch:
    """The most that this process and its children hold at one time, beyond what they held before."""

    def __init__(self) -> None:
        self._before = self._measure_mb()
        self.peak_mb = 0

    def look(self) -> None:
        self.peak_mb = max(self.peak_mb, self._measure_mb() - self._before)

    def _measure_mb(self) -> int:
        own = psutil.Process()
        total = 0
        for process in (own, *own.children(recursive=True)):
            try:
                # A share of what several hold together: a child just forked, or a database, would count it all again.
                total += int(process.memory_full_info().pss)
            except psutil.NoSuchProcess:
                continue
        return total // 2**20


@contextmanager
def watching() -> Iterator[Watch]:
    watch, is_over = Watch(), threading.Event()

    def look() -> None:
        while not is_over.wait(SAMPLING_S):
            watch.look()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield watch
    finally:
        is_over.set()
        thread.join()


def record_lines(out: Path) -> list[int]:
    """Write noise in which somebody hums every few seconds; returns when, in ms."""
    starts_ms = list(range(1_000, LENGTH_MS - 2 * EVERY_MS, EVERY_MS))
    pattern = make_noise(EVERY_MS, RATE_HZ, rms_dbfs=-60)
    hum = make_tone(300, SPOKEN_MS, RATE_HZ)
    pattern[: len(hum)] += hum
    with wave.open(str(out), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(bytes(2 * RATE_HZ * starts_ms[0] // 1000))
        for _ in starts_ms:
            file.writeframes((pattern * FULL_SCALE).astype("<i2").tobytes())
        left_ms = LENGTH_MS - starts_ms[-1] - EVERY_MS
        file.writeframes((make_noise(left_ms, RATE_HZ, rms_dbfs=-60) * FULL_SCALE).astype("<i2").tobytes())
    return starts_ms


@pytest.mark.timeout(1_200)
def test_a_long_recording_is_dubbed_in_little_memory_and_does_not_drift(build_line: Callable[..., Line]) -> None:
    line = build_line(("es",))
    starts_ms = record_lines(line.recording)
    line.recognizer.hear(
        [
            word
            for number, start_ms in enumerate(starts_ms)
            for word in make_words(f"This is what is said as line {number}.", start_ms=start_ms, word_ms=400)
        ],
        LENGTH_MS,
    )
    job_id = line.submit("es")
    with watching() as watch:
        begin = time.monotonic()
        result = line.run(job_id)
        assert result.success, [e.step_failure_data.user_failure_data for e in result.all_events if e.is_step_failure]
        took_s = time.monotonic() - begin
    with line.database.transaction() as tx:
        (task,) = tx.jobs.list_languages(job_id)
    quality = Quality.model_validate(task.quality)
    print(f"\n{watch.peak_mb} MB more than before, {took_s:.0f} s; {quality.model_dump()}")
    assert watch.peak_mb < MEMORY_LIMIT_MB
    assert (quality.voiced, quality.inaudible_lines, quality.overflowing) == (len(starts_ms), 0, 0)
    assert quality.onset_p95_ms is not None
    assert quality.onset_p95_ms <= 120
    assert quality.last_onset_ms is not None
    assert abs(quality.last_onset_ms) <= 120
    assert quality.drift_ms is not None
    assert abs(quality.drift_ms) <= 20
    assert quality.null_residual_db is not None
    assert quality.null_residual_db <= -40
