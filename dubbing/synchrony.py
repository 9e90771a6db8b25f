"""Synchrony: how a dub's speech lies beside the speech of its source, measured from the sound of both."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dubbing.audio import SILENCE_DBFS
from dubbing.envelope import FLOOR_DBFS, WINDOW_MS, Envelope
from dubbing.onsets import find_speech_onset
from dubbing.stages import VoicedSegment
from dubbing.transcript import Segment

EARLIEST_MS = 500
"""How far before its place a take is listened for, ms, where nobody else speaks then."""

SPEECH_RANGE_DB = 25.0
"""How far below its loud parts speech may be and still count, dB. Source: the levels of a reading spread over some
30 dB, and what lies below is breath, room and music."""

LOUD_PERCENTILE = 95
"""Percentile of the levels of a stretch that stands for its loud parts, per cent."""

SHORTEST_PAUSE_MS = 200
"""A silence within speech that is shorter is no pause, ms. Source: closures of stops last up to 150 ms."""

Mask = NDArray[np.bool_]
"""Whether somebody speaks, one for each window of an envelope."""


@dataclass(frozen=True, slots=True)
class Synchrony:
    """How a dub lies beside its source; None where there is nothing to measure.

    Attributes:
        inaudible_lines: takes that are not heard where they lie; none has an onset.
        onset_p50_ms, onset_p95_ms: distance of a line's audible beginning from its segment's, in 50 and 95 of 100.
        last_onset_ms: how late the last line is; negative is early.
        drift_ms: by how much lateness grows from the first line to the last, by the straight line that fits all best.
        source_overlap: share of the source's speech during which the dub speaks, 0-1: intersection over source.
        speech_overlap: time that both speak by time that either does, 0-1: intersection over union.
    """

    inaudible_lines: int
    onset_p50_ms: int | None
    onset_p95_ms: int | None
    last_onset_ms: int | None
    drift_ms: int | None
    source_overlap: float | None
    speech_overlap: float | None


def measure_synchrony(
    segments: Sequence[Segment], lines: Sequence[VoicedSegment], source: Envelope, voice: Envelope
) -> Synchrony:
    """Measure a dub against its source.

    A line in which the original stays counts on neither side. A line that begins while another one speaks has no onset
    that can be heard, and is left out of the onsets.

    Args:
        segments: of the source, in order of ``start_ms``.
        lines: of the dub, of the same numbers.
        source: of the original recording.
        voice: of the dub's voice alone.

    Source: both overlaps are in use. The scorer of the IWSLT 2023 dubbing track compares durations of speech and has
    one figure of each kind: min/max, which is intersection over union for spans that begin together, and one less the
    difference by the source. Human dubs reach about .70 (Brannon et al., TACL 2023; IWSLT 2023).
    """
    offsets, inaudible = _measure_offsets(segments, lines, voice)
    late_ms = np.array([offset for _, offset in offsets])
    replaced = _list_replaced(segments, lines)
    speaks = _mark_speech(source, replaced)
    dubbed = _mark_dub(voice, lines, len(speaks))
    both, either = int(np.sum(speaks & dubbed)), int(np.sum(speaks | dubbed))
    return Synchrony(
        inaudible_lines=inaudible,
        onset_p50_ms=_find_percentile(np.abs(late_ms), 50),
        onset_p95_ms=_find_percentile(np.abs(late_ms), 95),
        last_onset_ms=offsets[-1][1] if offsets else None,
        drift_ms=_measure_drift(offsets),
        source_overlap=both / int(np.sum(speaks)) if np.any(speaks) else None,
        speech_overlap=both / either if either else None,
    )


def _measure_offsets(
    segments: Sequence[Segment], lines: Sequence[VoicedSegment], voice: Envelope
) -> tuple[list[tuple[int, int]], int]:
    """List where a line should begin, and how much later it does, ms; and count the lines that are not heard."""
    due_ms = {segment.number: segment.start_ms for segment in segments}
    offsets, inaudible, quiet_from_ms = [], 0, 0
    for line in sorted((line for line in lines if line.take_key), key=lambda line: line.start_ms):
        end_ms = line.start_ms + line.duration_ms
        if line.start_ms >= quiet_from_ms:
            from_ms = max(quiet_from_ms, line.start_ms - EARLIEST_MS)
            onset_ms = _find_onset(voice, from_ms, end_ms)
            if onset_ms is None:
                inaudible += 1
            else:
                offsets.append((due_ms[line.number], onset_ms - due_ms[line.number]))
        quiet_from_ms = max(quiet_from_ms, end_ms)
    return offsets, inaudible


def _find_onset(voice: Envelope, from_ms: int, to_ms: int) -> int | None:
    """Find when a line is first heard; what spoke before it says nothing about the silence that it stands in."""
    levels = voice.levels_dbfs[from_ms // WINDOW_MS : -(-to_ms // WINDOW_MS)]
    if levels.max(initial=FLOOR_DBFS) < SILENCE_DBFS:
        return None
    silence = np.full(len(levels), FLOOR_DBFS, np.float32)
    onset_ms = find_speech_onset(Envelope(np.concatenate([silence, levels])), 0, 2 * len(levels) * WINDOW_MS)
    return None if onset_ms is None else from_ms // WINDOW_MS * WINDOW_MS + onset_ms - len(levels) * WINDOW_MS


def _find_percentile(values_ms: NDArray[np.int_], percentile: int) -> int | None:
    """Find the value that so many of a hundred do not pass; one of those there are."""
    return int(np.percentile(values_ms, percentile, method="inverted_cdf")) if len(values_ms) else None


def _measure_drift(offsets: Sequence[tuple[int, int]]) -> int | None:
    """Fit a straight line through the offsets, by least squares, and measure its rise from end to end."""
    if len(offsets) < 2:
        return None
    at_ms, late_ms = np.array(offsets, dtype=np.float64).T
    spread = at_ms - at_ms.mean()
    if not spread.any():
        return 0
    slope = float(spread @ late_ms / (spread @ spread))
    return round(slope * float(at_ms[-1] - at_ms[0]))


def _list_replaced(segments: Sequence[Segment], lines: Sequence[VoicedSegment]) -> list[tuple[int, int]]:
    kept = {line.number for line in lines if line.is_original}
    return [(segment.start_ms, segment.end_ms) for segment in segments if segment.number not in kept]


def _mark_speech(envelope: Envelope, spans: Iterable[tuple[int, int]]) -> Mask:
    """Mark speech within spans of a recording that may have other sound too."""
    levels = envelope.levels_dbfs
    mask = np.zeros(len(levels), dtype=np.bool_)
    for start_ms, end_ms in spans:
        span = slice(start_ms // WINDOW_MS, -(-end_ms // WINDOW_MS))
        if len(levels[span]):
            threshold_dbfs = max(float(np.percentile(levels[span], LOUD_PERCENTILE)) - SPEECH_RANGE_DB, SILENCE_DBFS)
            mask[span] |= _close_gaps(levels[span] >= threshold_dbfs)
    return mask


def _mark_dub(voice: Envelope, lines: Iterable[VoicedSegment], windows: int) -> Mask:
    """Mark speech in a voice that is silent where it does not speak."""
    mask = _close_gaps(voice.levels_dbfs >= SILENCE_DBFS)[:windows]
    mask = np.pad(mask, (0, windows - len(mask)))
    for line in lines:
        if line.is_original:
            mask[line.start_ms // WINDOW_MS : -(-(line.start_ms + line.duration_ms) // WINDOW_MS)] = False
    return mask


def _close_gaps(mask: Mask) -> Mask:
    """Take a silence between two sounds that is shorter than a pause for speech."""
    sounding = np.flatnonzero(mask)
    closed = mask.copy()
    for index in np.flatnonzero(np.diff(sounding) > 1):
        before, after = int(sounding[index]), int(sounding[index + 1])
        if (after - before - 1) * WINDOW_MS < SHORTEST_PAUSE_MS:
            closed[before:after] = True
    return closed
