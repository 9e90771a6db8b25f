import pytest

from dubbing.jobs import (
    JobState,
    LanguageState,
    is_at_rest,
    measure_progress,
    plan_active_languages,
    plan_job_state,
)

LINE = [
    LanguageState.QUEUED,
    LanguageState.TRANSCRIBING,
    LanguageState.TRANSLATING,
    LanguageState.SYNTHESIZING,
    LanguageState.MIXING,
    LanguageState.CAPTIONING,
    LanguageState.FINALIZING,
]


def test_progress_rises_along_the_line_and_stays_below_100_before_the_proof() -> None:
    figures = [measure_progress(state, share) for state in LINE for share in (0.0, 0.5, 1.0)]
    assert figures == sorted(figures)
    assert figures[0] == 0
    assert figures[-1] == 99


def test_a_share_outside_0_to_1_does_not_leave_the_stage() -> None:
    assert measure_progress(LanguageState.MIXING, 7.0) == measure_progress(LanguageState.CAPTIONING)
    assert measure_progress(LanguageState.MIXING, -1.0) == measure_progress(LanguageState.MIXING)


def test_a_delivered_language_shows_100() -> None:
    assert measure_progress(LanguageState.COMPLETED_WITH_ISSUES) == 100


def test_a_failed_language_has_no_percentage_of_its_own() -> None:
    with pytest.raises(ValueError, match="failed"):
        measure_progress(LanguageState.FAILED)


@pytest.mark.parametrize(
    ("languages", "job"),
    [
        (["queued", "queued"], "queued"),
        (["queued", "completed"], "running"),
        (["failed", "mixing"], "running"),
        (["completed", "completed"], "completed"),
        (["completed", "completed_with_issues"], "completed_with_issues"),
        (["completed", "failed"], "completed_with_issues"),
        (["completed", "cancelled"], "completed_with_issues"),
        (["failed", "failed"], "failed"),
        (["failed", "cancelled"], "failed"),
        (["cancelled", "cancelled"], "cancelled"),
    ],
)
def test_the_state_of_a_job_follows_from_its_languages(languages: list[str], job: str) -> None:
    assert plan_job_state([LanguageState(language) for language in languages]) is JobState(job)


@pytest.mark.parametrize(
    ("states", "active"),
    [
        ({"es": "queued", "fr": "queued"}, ["es", "fr"]),
        ({"es": "failed", "fr": "mixing"}, ["fr"]),
        ({"es": "queued", "fr": "completed"}, ["es"]),
        ({"es": "completed", "fr": "completed_with_issues"}, ["es", "fr"]),
        ({"es": "completed", "fr": "failed", "it": "cancelled"}, ["es"]),
        ({"es": "failed", "fr": "cancelled"}, []),
    ],
)
def test_a_run_works_on_what_has_not_ended_and_by_hand_on_what_was_delivered(
    states: dict[str, str], active: list[str]
) -> None:
    assert plan_active_languages({language: LanguageState(state) for language, state in states.items()}) == active


@pytest.mark.parametrize(
    ("job", "languages", "rests"),
    [
        ("completed", ["completed", "failed"], True),
        ("queued", ["queued", "completed"], True),
        ("running", ["queued", "completed"], False),
        ("queued", ["translating", "completed"], False),
        ("running", ["mixing"], False),
    ],
)
def test_a_job_rests_when_it_has_ended_or_waits_for_a_run_that_has_not_begun(
    job: str, languages: list[str], rests: bool
) -> None:
    assert is_at_rest(JobState(job), [LanguageState(language) for language in languages]) is rests
