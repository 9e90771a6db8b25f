from hypothesis import given
from hypothesis import strategies as st

from dubbing.jobs import (
    FINAL_JOB_STATES,
    FINAL_LANGUAGE_STATES,
    STAGE_START_PERCENT,
    LanguageState,
    measure_progress,
    plan_job_state,
)

LANGUAGES = st.lists(st.sampled_from(LanguageState), min_size=1, max_size=8)


@given(LANGUAGES)
def test_a_job_is_over_exactly_when_all_its_languages_are(languages: list[LanguageState]) -> None:
    assert (plan_job_state(languages) in FINAL_JOB_STATES) == (set(languages) <= FINAL_LANGUAGE_STATES)


@given(LANGUAGES, st.randoms())
def test_the_order_of_languages_does_not_matter(languages: list[LanguageState], random: object) -> None:
    shuffled = list(languages)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert plan_job_state(shuffled) is plan_job_state(languages)


@given(st.sampled_from(list(STAGE_START_PERCENT)), st.floats(0, 1), st.floats(0, 1))
def test_progress_never_goes_down_within_a_stage_and_never_shows_100(
    state: LanguageState, one: float, other: float
) -> None:
    lower, higher = sorted([one, other])
    assert measure_progress(state, lower) <= measure_progress(state, higher) < 100
