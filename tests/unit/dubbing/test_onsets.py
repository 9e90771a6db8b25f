import numpy as np
import pytest

from dubbing.envelope import FLOOR_DBFS, Envelope, build_envelope
from dubbing.onsets import find_speech_onset, snap_onsets
from dubbing.transcript import Segment
from tests.support.audio import make_noise, make_tone

RATE_HZ = 16_000


def levels(*stretches):
    """An envelope of stretches: (duration_ms, level_dbfs)."""
    return Envelope(np.concatenate([np.full(ms // 10, level, np.float32) for ms, level in stretches]))


@pytest.mark.parametrize("floor_dbfs", [FLOOR_DBFS, -60, -45, -32])
def test_a_voice_is_found_above_any_floor_that_leaves_it_audible(floor_dbfs):
    envelope = levels((1000, floor_dbfs), (800, -18), (500, floor_dbfs))
    assert find_speech_onset(envelope, 200, 1800) == 1000


def test_a_quiet_voice_is_found_as_well_as_a_loud_one():
    assert find_speech_onset(levels((1000, -80), (800, -50)), 200, 1800) == 1000


@pytest.mark.parametrize("rms_dbfs", [-60, -40, -20])
def test_noise_alone_is_no_voice(rms_dbfs):
    noise = build_envelope([make_noise(5000, RATE_HZ, rms_dbfs=rms_dbfs)], RATE_HZ)
    assert find_speech_onset(noise, 1000, 5000) is None


def test_a_voice_in_noise_is_found_within_a_window():
    voice = np.pad(make_tone(200, 1000, RATE_HZ, peak_dbfs=-12), (RATE_HZ * 2, RATE_HZ))
    noisy = build_envelope([voice + make_noise(4000, RATE_HZ, rms_dbfs=-35)], RATE_HZ)
    assert find_speech_onset(noisy, 1000, 4000) == pytest.approx(2000, abs=10)


def test_a_click_is_no_voice():
    assert find_speech_onset(levels((500, -70), (20, -10), (500, -70), (500, -20)), 0, 1500) == 1020


def test_a_breath_before_the_voice_is_passed_over():
    assert find_speech_onset(levels((500, -70), (300, -48), (700, -18)), 0, 1500) == 800


def test_a_voice_that_is_speaking_already_begins_where_one_looks():
    assert find_speech_onset(levels((300, -70), (1000, -20)), 515, 1300) == 515


@pytest.mark.parametrize(("from_ms", "to_ms"), [(500, 500), (900, 800), (5000, 6000), (0, 20)])
def test_where_there_is_next_to_nothing_to_hear_nothing_is_found(from_ms, to_ms):
    assert find_speech_onset(levels((1000, -20)), from_ms, to_ms) is None


def snap(envelope, *spans_ms):
    segments = [Segment(number, start, end, "x") for number, (start, end) in enumerate(spans_ms, start=1)]
    return [(segment.start_ms, segment.end_ms) for segment in snap_onsets(segments, envelope)]


def test_a_start_in_the_pause_before_is_moved_to_the_voice():
    assert snap(levels((1000, -70), (1000, -20)), (300, 2000)) == [(1000, 2000)]


@pytest.mark.parametrize(
    ("start_ms", "end_ms"),
    [(880, 2800), (1000, 2800), (1200, 2800), (1000 - 1510 + 1000, 1150)],
    ids=["too little to matter", "right", "late already", "too little would be left"],
)
def test_a_start_that_is_good_enough_or_would_leave_too_little_stays(start_ms, end_ms):
    assert snap(levels((1000, -70), (2000, -20)), (start_ms, end_ms)) == [(start_ms, end_ms)]


def test_a_start_is_never_moved_by_more_than_a_second_and_a_half():
    envelope = levels((3000, -70), (2000, -20))
    assert snap(envelope, (1490, 5000)) == [(1490, 5000)]
    assert snap(envelope, (1500, 5000)) == [(3000, 5000)]


def test_the_order_of_the_segments_stays():
    envelope = levels((2000, -70), (2000, -20))
    assert snap(envelope, (1000, 4000), (1500, 1800)) == [(1000, 4000), (1500, 1800)]


def test_music_under_everything_moves_nothing():
    assert snap(levels((5000, -20)), (1000, 2000), (3000, 4000)) == [(1000, 2000), (3000, 4000)]
