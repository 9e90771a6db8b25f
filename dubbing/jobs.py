"""States of a job and of its languages, and the progress people see."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Literal


class JobState(StrEnum):
    """Where a whole job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    COMPLETED_WITH_ISSUES = "completed_with_issues"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class LanguageState(StrEnum):
    """Where one language of a job stands; stages in the order of the line."""

    QUEUED = "queued"
    TRANSCRIBING = "transcribing"
    TRANSLATING = "translating"
    SYNTHESIZING = "synthesizing"
    MIXING = "mixing"
    CAPTIONING = "captioning"
    FINALIZING = "finalizing"
    COMPLETED = "completed"
    COMPLETED_WITH_ISSUES = "completed_with_issues"
    FAILED = "failed"
    CANCELLED = "cancelled"


class WaitingOn(StrEnum):
    """What a language waits for instead of being worked on."""

    QUEUE = "queue"
    VENDOR = "vendor"
    RATE_LIMIT = "rate_limit"
    STORE = "store"
    DISK = "disk"
    MACHINE = "machine"


FINAL_JOB_STATES = frozenset(
    {JobState.COMPLETED, JobState.COMPLETED_WITH_ISSUES, JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED}
)
"""States that only an edit, a retry, a replay or retention leaves."""

DELIVERED_STATES = frozenset({LanguageState.COMPLETED, LanguageState.COMPLETED_WITH_ISSUES})
"""Languages whose dub can be downloaded."""

FinalState = Literal[
    LanguageState.COMPLETED, LanguageState.COMPLETED_WITH_ISSUES, LanguageState.FAILED, LanguageState.CANCELLED
]

FINAL_LANGUAGE_STATES = DELIVERED_STATES | {LanguageState.FAILED, LanguageState.CANCELLED}

STAGE_START_PERCENT = {
    LanguageState.QUEUED: 0,
    LanguageState.TRANSCRIBING: 1,
    LanguageState.TRANSLATING: 20,
    LanguageState.SYNTHESIZING: 28,
    LanguageState.MIXING: 78,
    LanguageState.CAPTIONING: 93,
    LanguageState.FINALIZING: 96,
}
"""Progress at which a stage begins, per cent. Source: shares of wall time of the local engine on a minute of speech."""

LAST_PERCENT_BEFORE_PROOF = 99
"""100 is shown only after every artifact was read back and its hash agreed."""


def measure_progress(state: LanguageState, share_done: float = 0.0) -> int:
    """Turn a stage and the share of it that is done into the percentage people see.

    Args:
        state: a state of the line, or a delivered one (100). A failed language keeps the figure it had, so it
            has none of its own here.
        share_done: 0-1 of this stage.

    Raises:
        ValueError: a state without a percentage.

    >>> measure_progress(LanguageState.SYNTHESIZING, 0.5)
    53
    """
    if state in DELIVERED_STATES:
        return 100
    if state not in STAGE_START_PERCENT:
        raise ValueError(f"no progress is defined for {state}")
    starts = sorted(STAGE_START_PERCENT.values())
    start = STAGE_START_PERCENT[state]
    end = next((s for s in starts if s > start), LAST_PERCENT_BEFORE_PROOF)
    return start + int((end - start) * min(max(share_done, 0.0), 1.0))


def plan_job_state(languages: Collection[LanguageState]) -> JobState:
    """Derive a job's state from its languages.

    >>> plan_job_state([LanguageState.COMPLETED, LanguageState.FAILED]).value
    'completed_with_issues'
    """
    states = set(languages)
    if states <= {LanguageState.QUEUED}:
        return JobState.QUEUED
    if not states <= FINAL_LANGUAGE_STATES:
        return JobState.RUNNING
    if states == {LanguageState.COMPLETED}:
        return JobState.COMPLETED
    if states & DELIVERED_STATES:
        return JobState.COMPLETED_WITH_ISSUES
    return JobState.FAILED if LanguageState.FAILED in states else JobState.CANCELLED


def is_at_rest(job: JobState, languages: Collection[LanguageState]) -> bool:
    """Tell whether a job has ended, or waits for a run that has not begun: nobody works on it.

    >>> is_at_rest(JobState.QUEUED, [LanguageState.QUEUED, LanguageState.COMPLETED])
    True
    >>> is_at_rest(JobState.QUEUED, [LanguageState.MIXING])
    False
    """
    return job in FINAL_JOB_STATES | {JobState.QUEUED} and set(languages) <= FINAL_LANGUAGE_STATES | {
        LanguageState.QUEUED
    }


def plan_active_languages(languages: Mapping[str, LanguageState]) -> list[str]:
    """Choose the languages that a run works on.

    Those that have not ended; the others stay as they are. Where all have ended, the run was started by hand to make
    the dub again, and works on what was delivered.

    >>> plan_active_languages({"es": LanguageState.QUEUED, "fr": LanguageState.COMPLETED})
    ['es']
    >>> plan_active_languages({"es": LanguageState.FAILED, "fr": LanguageState.COMPLETED})
    ['fr']
    """
    under_way = [language for language, state in languages.items() if state not in FINAL_LANGUAGE_STATES]
    return under_way or [language for language, state in languages.items() if state in DELIVERED_STATES]


def measure_job_progress(state: JobState, languages: Collection[int]) -> int:
    """Turn the percentages of a job's languages into its own; it never falls, for none of them does.

    >>> measure_job_progress(JobState.RUNNING, [53, 28])
    40
    >>> measure_job_progress(JobState.COMPLETED_WITH_ISSUES, [100, 28])
    100
    """
    if state in {JobState.COMPLETED, JobState.COMPLETED_WITH_ISSUES}:
        return 100
    return sum(languages) // max(len(languages), 1)
