"""The decisions of the mix."""

import pytest

from dubbing.mixing import (
    DUCK_DB,
    DUCK_RATIO,
    MAX_AMBIENCE_DUCK_DB,
    PRESETS,
    GapDucking,
    Loudness,
    Master,
    assess_loudness,
    plan_ambience_duck,
    plan_channels,
    plan_correction,
    plan_duck_steps,
    plan_duck_threshold,
    plan_gap_ducking,
    plan_master,
    plan_mix,
    plan_rate,
)

PODCAST = PRESETS["podcast"]
SILENCE = Loudness(-70.0, -120.0, 0.0)


def build_loudness(lufs: float, peak_dbtp: float = -6.0) -> Loudness:
    return Loudness(lufs, peak_dbtp, 5.0)


def plan(source: Loudness, voice: Loudness, channels: int = 1, **more):
    return plan_mix(source, voice, rate_hz=48_000, source_channels=channels, preset=PODCAST, **more)


def test_the_voice_is_brought_to_the_loudness_of_the_original():
    assert plan(build_loudness(-20.0), build_loudness(-26.0)).voice_gain_db == pytest.approx(6.0)


def test_a_voice_in_two_channels_needs_three_decibels_less():
    gain_db = plan(build_loudness(-20.0), build_loudness(-26.0), channels=2).voice_gain_db
    assert gain_db == pytest.approx(6.0 - 3.01, abs=0.001)


@pytest.mark.parametrize(("source_lufs", "expected_db"), [(-69.0, -20.0), (0.0, 20.0)])
def test_the_gain_of_the_voice_has_a_limit(source_lufs: float, expected_db: float):
    assert plan(build_loudness(source_lufs), build_loudness(-26.0)).voice_gain_db == expected_db


@pytest.mark.parametrize(("source", "voice"), [(SILENCE, build_loudness(-20)), (build_loudness(-20), SILENCE)])
def test_what_has_no_loudness_changes_nothing(source: Loudness, voice: Loudness):
    assert plan(source, voice).voice_gain_db == 0.0


def test_a_key_of_full_scale_ducks_by_exactly_the_stated_decibels():
    threshold_db = plan_duck_threshold(DUCK_DB)
    assert (0.0 - threshold_db) * (1 - 1 / DUCK_RATIO) == pytest.approx(-DUCK_DB)


def test_the_original_is_ducked_by_what_is_stated_however_loud_it_is():
    assert plan(build_loudness(-20.0), build_loudness(-26.0)).duck_db == DUCK_DB


@pytest.mark.parametrize(("under_lufs", "duck_db"), [(-30.0, -8.0), (-38.0, 0.0), (-60.0, 0.0), (-5.0, -24.0)])
def test_a_bed_without_speech_is_lowered_until_it_lies_eighteen_decibels_under_the_voice(
    under_lufs: float, duck_db: float
):
    mix = plan(build_loudness(-20.0), build_loudness(-26.0), bed="separate", under_speech=build_loudness(under_lufs))
    assert mix.duck_db == pytest.approx(duck_db)


@pytest.mark.parametrize("channels", [1, 2])
def test_the_voice_that_a_bed_lies_under_is_the_one_of_the_mix(channels: int):
    """The voice cannot be raised to the original's level here, so the bed has to go down with it."""
    mix = plan(
        build_loudness(-10.0),
        build_loudness(-40.0),
        channels=channels,
        bed="separate",
        under_speech=build_loudness(-25.0),
    )
    assert mix.duck_db == pytest.approx(-20.0 + (3.01 if channels == 2 else 0.0) - 18 + 25, abs=0.001)


def test_a_bed_of_silence_is_not_lowered():
    assert plan_ambience_duck(-20.0, SILENCE) == plan_ambience_duck(-20.0, None) == 0.0


@pytest.mark.parametrize("duck_db", [-0.5, -12.0, -12.1, MAX_AMBIENCE_DUCK_DB])
def test_the_steps_of_a_ducking_add_up_and_none_is_deeper_than_the_key_is_made_for(duck_db: float):
    steps = plan_duck_steps(duck_db)
    assert sum(steps) == pytest.approx(duck_db)
    assert min(steps) >= DUCK_DB


@pytest.mark.parametrize(
    ("source_hz", "kept_hz"), [(8000, 48000), (32000, 32000), (44100, 44100), (96000, 48000), (37800, 48000)]
)
def test_rates_that_players_take_are_kept(source_hz: int, kept_hz: int):
    assert plan_rate(source_hz) == kept_hz


@pytest.mark.parametrize(("source", "kept"), [(1, 1), (2, 2), (6, 2), (8, 2)])
def test_more_than_two_channels_become_stereo(source: int, kept: int):
    assert plan_channels(source) == kept


@pytest.mark.parametrize("gap_ms", [0, 1, 149, 350, 599, 600, 601, 5000])
@pytest.mark.parametrize("is_after_take", [True, False])
@pytest.mark.parametrize("is_before_take", [True, False])
def test_the_parts_of_a_gap_add_up(gap_ms: int, is_after_take: bool, is_before_take: bool):
    gap = plan_gap_ducking(gap_ms, is_after_take=is_after_take, is_before_take=is_before_take)
    assert gap.hold_ms + gap.free_ms + gap.lead_ms == gap_ms
    assert min(gap.hold_ms, gap.free_ms, gap.lead_ms) >= 0


@pytest.mark.parametrize("gap_ms", [0, 1, 100, 599, 600, 5000])
@pytest.mark.parametrize("open_ms", [(0.0, 1.0), (0.2, 0.9), (0.5, 0.5)])
def test_where_the_original_has_to_be_free_nothing_holds_it_down(gap_ms: int, open_ms: tuple[float, float]):
    first_ms, last_ms = (round(share * gap_ms) for share in open_ms)
    gap = plan_gap_ducking(gap_ms, is_after_take=True, is_before_take=True, open_ms=(first_ms, last_ms))
    assert gap.hold_ms + gap.free_ms + gap.lead_ms == gap_ms
    assert gap.hold_ms <= first_ms
    assert 0 <= gap.lead_ms <= gap_ms - last_ms


def test_the_original_stays_down_between_near_takes():
    assert plan_gap_ducking(599, is_after_take=True, is_before_take=True) == GapDucking(599, 0, 0)


def test_the_original_comes_up_between_takes_that_are_far_apart():
    assert plan_gap_ducking(600, is_after_take=True, is_before_take=True) == GapDucking(150, 250, 200)


def test_the_original_is_free_before_the_first_take_and_after_the_last():
    assert plan_gap_ducking(1000, is_after_take=False, is_before_take=True) == GapDucking(0, 800, 200)
    assert plan_gap_ducking(1000, is_after_take=True, is_before_take=False) == GapDucking(150, 850, 0)


def test_a_recording_without_takes_is_never_ducked():
    assert plan_gap_ducking(1000, is_after_take=False, is_before_take=False) == GapDucking(0, 1000, 0)


def test_mastering_brings_a_mix_to_its_target():
    assert plan_master(build_loudness(-20.0, -10.0), PODCAST, encode_margin_db=0.5) == Master(4.0, -1.5)


def test_silence_is_not_raised():
    assert plan_master(SILENCE, PODCAST, encode_margin_db=0.5).gain_db == 0


def test_a_file_on_target_is_not_made_again():
    assert plan_correction(Master(4.0, -1.5), build_loudness(-16.4, -1.1), PODCAST) is None


def test_a_peak_that_may_be_rounded_down_is_corrected():
    corrected = plan_correction(Master(4.0, -1.5), build_loudness(-16.0, -1.0), PODCAST)
    assert corrected is not None
    assert corrected.ceiling_dbtp < -1.5


def test_a_file_that_is_too_quiet_is_made_louder_by_what_it_lacks():
    corrected = plan_correction(Master(4.0, -1.5), build_loudness(-17.0, -1.5), PODCAST)
    assert corrected == Master(5.0, -1.5)


@pytest.mark.parametrize(
    ("finished", "reasons"),
    [
        (build_loudness(-16.9, -1.0), 0),
        (build_loudness(-17.1, -1.0), 1),
        (build_loudness(-14.9, -1.0), 1),
        (build_loudness(-16.0, -0.9), 1),
        (build_loudness(-10.0, 0.3), 2),
    ],
)
def test_a_verdict_gives_every_reason(finished: Loudness, reasons: int):
    verdict = assess_loudness(finished, PODCAST)
    assert len(verdict.reasons) == reasons
    assert verdict.is_on_target == (reasons == 0)
