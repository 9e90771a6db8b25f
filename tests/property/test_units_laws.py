import math

from hypothesis import given
from hypothesis import strategies as st

from dubbing.units import db_to_gain, frames_to_ms, gain_to_db, ms_to_frames, ms_to_s, s_to_ms

TIMES_MS = st.integers(0, 24 * 3600 * 1000)
RATES_HZ = st.sampled_from([8_000, 16_000, 22_050, 24_000, 44_100, 48_000]) | st.integers(1_000, 384_000)


@given(TIMES_MS, RATES_HZ)
def test_ms_to_frames_and_back_is_the_identity(ms: int, rate_hz: int) -> None:
    assert frames_to_ms(ms_to_frames(ms, rate_hz), rate_hz) == ms


@given(TIMES_MS)
def test_ms_to_seconds_and_back_is_the_identity(ms: int) -> None:
    assert s_to_ms(ms_to_s(ms)) == ms


@given(TIMES_MS, TIMES_MS, RATES_HZ)
def test_rounding_never_changes_an_order(one_ms: int, other_ms: int, rate_hz: int) -> None:
    if one_ms <= other_ms:
        assert ms_to_frames(one_ms, rate_hz) <= ms_to_frames(other_ms, rate_hz)


@given(st.floats(-120, 40))
def test_decibels_to_gain_and_back_is_the_identity(level_db: float) -> None:
    assert math.isclose(gain_to_db(db_to_gain(level_db)), level_db, abs_tol=1e-9)
