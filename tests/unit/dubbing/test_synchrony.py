import numpy as np
import pytest

from dubbing.envelope import Envelope
from dubbing.stages import VoicedSegment
from dubbing.synchrony import measure_synchrony
from dubbing.transcript import Segment

TOTAL_MS = 60_000


def sound(*spans, floor_dbfs=-100.0, loud_dbfs=-20.0):
    """Sound of one level within spans of ms, of another around them."""
    levels = np.full(TOTAL_MS // 10, floor_dbfs, np.float32)
    for start_ms, end_ms in spans:
        levels[start_ms // 10 : end_ms // 10] = loud_dbfs
    return Envelope(levels)


def place(spans):
    return [
        VoicedSegment(n, "x", "v", take_key=f"k{n}", start_ms=start, duration_ms=end - start)
        for n, (start, end) in enumerate(spans, start=1)
    ]


def cut(spans):
    return [Segment(n, start, end, "x") for n, (start, end) in enumerate(spans, start=1)]


def test_a_dub_that_lies_on_its_source_is_in_time():
    spans = [(1_000, 3_000), (5_000, 8_000), (20_000, 26_000)]
    found = measure_synchrony(cut(spans), place(spans), sound(*spans), sound(*spans))
    assert (found.onset_p50_ms, found.onset_p95_ms, found.last_onset_ms, found.drift_ms) == (0, 0, 0, 0)
    assert (found.source_overlap, found.speech_overlap) == (1.0, 1.0)


@pytest.mark.parametrize("late_ms", [-300, 400])
def test_what_counts_is_when_a_line_is_heard_and_not_where_it_was_planned(late_ms):
    spans = [(1_000, 3_000), (5_000, 8_000), (20_000, 26_000)]
    heard = [(start + late_ms, end + late_ms) for start, end in spans]
    found = measure_synchrony(cut(spans), place(spans), sound(*spans), sound(*heard))
    assert (found.onset_p50_ms, found.onset_p95_ms, found.last_onset_ms) == (abs(late_ms), abs(late_ms), late_ms)
    assert found.drift_ms == 0


def test_lines_that_become_later_and_later_drift():
    spans = [(n * 6_000, n * 6_000 + 3_000) for n in range(9)]
    heard = [(start + 100 * n, end + 100 * n) for n, (start, end) in enumerate(spans)]
    found = measure_synchrony(cut(spans), place(heard), sound(*spans), sound(*heard))
    assert found.drift_ms == found.last_onset_ms == 800


def test_half_a_dub_covers_half_of_the_source():
    spans, heard = [(10_000, 20_000)], [(10_000, 15_000)]
    found = measure_synchrony(cut(spans), place(heard), sound(*spans), sound(*heard))
    assert (found.source_overlap, found.speech_overlap) == (0.5, 0.5)


def test_a_dub_that_goes_on_after_its_source_covers_it_and_still_is_not_like_it():
    spans, heard = [(10_000, 15_000)], [(10_000, 20_000)]
    found = measure_synchrony(cut(spans), place(heard), sound(*spans), sound(*heard))
    assert (found.source_overlap, found.speech_overlap) == (1.0, 0.5)


def test_a_pause_within_a_segment_is_no_speech_of_the_source_even_over_music():
    source = sound((10_000, 14_000), (16_000, 20_000), floor_dbfs=-48.0)
    heard = [(10_000, 14_000)]
    found = measure_synchrony(cut([(10_000, 20_000)]), place(heard), source, sound(*heard))
    assert found.source_overlap == 0.5


def test_a_line_that_was_lost_counts_as_silence():
    spans = [(10_000, 15_000), (20_000, 25_000)]
    lines = [place(spans)[0], VoicedSegment(2, "x", "v", error_code="synthesis_failed")]
    found = measure_synchrony(cut(spans), lines, sound(*spans), sound(spans[0]))
    assert found.source_overlap == 0.5


def test_a_line_in_which_the_original_stays_counts_on_neither_side():
    spans = [(10_000, 15_000), (20_000, 25_000)]
    kept = VoicedSegment(2, "x", "", is_original=True, start_ms=20_000, duration_ms=5_000)
    found = measure_synchrony(cut(spans), [place(spans)[0], kept], sound(*spans), sound(spans[0]))
    assert (found.source_overlap, found.speech_overlap, found.last_onset_ms) == (1.0, 1.0, 0)


def test_a_line_that_begins_while_another_speaks_has_no_onset():
    spans = [(10_000, 15_000), (12_000, 13_000)]
    found = measure_synchrony(cut(spans), place(spans), sound(*spans), sound(*spans))
    assert (found.onset_p95_ms, found.drift_ms, found.inaudible_lines) == (0, None, 0)


def test_of_a_dub_in_which_nothing_is_heard_nothing_is_told_but_that():
    spans = [(10_000, 15_000)]
    found = measure_synchrony(cut(spans), place(spans), sound(*spans), sound())
    assert (found.onset_p50_ms, found.drift_ms, found.source_overlap, found.speech_overlap) == (None, None, 0.0, 0.0)


def test_lines_that_are_not_heard_are_counted_and_have_no_onset():
    spans = [(1_000, 3_000), (5_000, 8_000), (20_000, 26_000)]
    found = measure_synchrony(cut(spans), place(spans), sound(*spans), sound(spans[1]))
    assert (found.inaudible_lines, found.onset_p95_ms) == (2, 0)


def test_what_is_as_quiet_as_noise_is_not_heard():
    spans = [(1_000, 3_000)]
    found = measure_synchrony(cut(spans), place(spans), sound(*spans), sound(*spans, loud_dbfs=-60.0))
    assert (found.inaudible_lines, found.onset_p50_ms) == (1, None)
