import pytest
from pydantic import ValidationError

from dubbing.jobs import LanguageState
from dubbing.quality import Quality, Thresholds, has_aligned_onsets, list_issues, plan_final_state

THRESHOLDS = Thresholds(
    max_word_error_rate=0.30, max_onset_offset_ms=300, min_source_overlap=0.5, max_null_residual_db=-40.0
)


def build_quality(**changes):
    """A dub without fault."""
    values = {
        "segments": 10,
        "voiced": 9,
        "original": 1,
        "voiced_share": 1.0,
        "overflowing": 0,
        "overflow_ms_total": 0,
        "max_speed": 1.2,
        "mean_speed": 1.0,
        "integrated_lufs": -16.0,
        "true_peak_dbtp": -1.2,
        "loudness_on_target": True,
        "caption_violations": 0,
        "onset_p50_ms": 10,
        "onset_p95_ms": 300,
        "source_overlap": 0.5,
        "word_error_rate": 0.299,
        "checked_words": 20,
        "missing_numbers": 0,
        "null_residual_db": -40.0,
        "voice_over_bed_db": -10.0,
    }
    return Quality(**{**values, **changes})


def test_a_dub_at_every_limit_has_no_issue():
    assert list_issues(build_quality(), THRESHOLDS) == ()


@pytest.mark.parametrize(
    ("changes", "issue"),
    [
        ({"voiced": 8}, "lines_lost"),
        ({"doubtful_lines": 1}, "doubtful_translation"),
        ({"overflowing": 1}, "overflow"),
        ({"caption_violations": 1}, "caption_violations"),
        ({"loudness_on_target": False}, "loudness_off_target"),
        ({"onset_p95_ms": 301}, "late_onsets"),
        ({"inaudible_lines": 1}, "lines_inaudible"),
        ({"voice_over_bed_db": -10.1}, "voice_missing"),
        ({"source_overlap": 0.49}, "little_overlap"),
        ({"word_error_rate": 0.30}, "hard_to_understand"),
        ({"missing_numbers": 1}, "numbers_not_heard"),
        ({"null_residual_db": -39.9}, "original_altered"),
        ({"film_missing": True}, "film_missing"),
    ],
)
def test_each_fault_is_one_issue(changes, issue):
    assert list_issues(build_quality(**changes), THRESHOLDS) == (issue,)


def test_what_was_not_measured_is_no_issue():
    unmeasured = dict.fromkeys(
        ("onset_p50_ms", "onset_p95_ms", "source_overlap", "word_error_rate", "missing_numbers", "null_residual_db")
    )
    unmeasured["voice_over_bed_db"] = None
    assert list_issues(build_quality(**unmeasured, not_checked="vendor_unavailable"), THRESHOLDS) == ()


def test_a_dub_of_which_no_line_is_heard_is_not_in_time():
    assert not has_aligned_onsets(build_quality(onset_p95_ms=None, inaudible_lines=1), THRESHOLDS)
    assert has_aligned_onsets(build_quality(onset_p95_ms=None, voiced=0), THRESHOLDS)


def test_a_word_error_rate_of_a_few_words_decides_nothing():
    assert list_issues(build_quality(word_error_rate=1.0, checked_words=19), THRESHOLDS) == ()


def test_an_issue_makes_a_language_completed_with_issues():
    assert plan_final_state(("overflow",)) is LanguageState.COMPLETED_WITH_ISSUES
    assert plan_final_state(()) is LanguageState.COMPLETED


def test_what_was_kept_is_read_back_whatever_figures_are_added_later():
    kept = build_quality(drift_ms=-3).model_dump(mode="json")
    assert Quality.model_validate({**kept, "a_figure_of_tomorrow": 1}) == build_quality(drift_ms=-3)


def test_a_figure_that_is_no_number_is_refused():
    with pytest.raises(ValidationError):
        build_quality(integrated_lufs=float("-inf"))
