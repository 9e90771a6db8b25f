"""Who is next: the class of a job, its turn among all that wait, and how many may be at work.

The order is that of a moment in time each, the job's turn: when it was handed to the queue, later by what its user has
there already and by how long its recording is. A turn is given once and never changes, yet nobody waits for ever: time
goes on, and whoever comes later gets a later turn.
"""

from dataclasses import dataclass
from enum import StrEnum

CLASS_TAG = "dub/class"
USER_TAG = "dub/user"
"""Tags of a run that the queue counts by. The user's own id: it says nothing of a person to who has no access to the
users, and an operator who looks for a user's runs has it at hand."""


class JobClass(StrEnum):
    """How long a recording is; its work is in proportion."""

    SHORT = "short"
    MEDIUM = "medium"
    LONG = "long"


SHORT_MS = 5 * 60_000
MEDIUM_MS = 30 * 60_000
"""Longest recordings of the two classes, ms."""

PLACE_S = 300
"""How much later a job's turn is for each job that its user has in the queue or at work already, seconds."""

HANDICAP_S = {JobClass.SHORT: 0, JobClass.MEDIUM: 120, JobClass.LONG: 600}
"""How much later a job's turn is for its class, seconds: what ends soon goes first, for as long as that."""

JOBS_AHEAD = 20
"""Jobs of a user that are in the queue beyond those that may be at work: so many short ones end before more are handed
over. The others wait in the tables, where their order is still open."""


@dataclass(frozen=True, slots=True)
class RunLimits:
    """How many jobs may be at work at once.

    Attributes:
        runs: of all.
        runs_per_user: of one user.
        long_runs: of the class `JobClass.LONG`.
    """

    runs: int
    runs_per_user: int
    long_runs: int

    @property
    def queued_per_user(self) -> int:
        """Most jobs of one user that are in the queue or at work."""
        return self.runs_per_user + JOBS_AHEAD


def plan_limits(runs: int, runs_per_user: int, long_runs: int) -> RunLimits:
    """Make limits that fit each other: long jobs leave a place to others, unless there is only one.

    Args:
        runs: places, > 0.
        runs_per_user: as wanted, > 0.
        long_runs: as wanted, > 0.

    >>> plan_limits(4, 8, 4)
    RunLimits(runs=4, runs_per_user=4, long_runs=3)
    """
    return RunLimits(runs, min(runs_per_user, runs), max(min(long_runs, runs - 1), 1))


def plan_class(duration_ms: int | None) -> JobClass:
    """Tell the class of a job from the length of its recording.

    Args:
        duration_ms: None where the file does not say it; it is taken for long then, so that it slips past no limit.

    >>> plan_class(300_000).value, plan_class(300_001).value, plan_class(None).value
    ('short', 'medium', 'long')
    """
    if duration_ms is None or duration_ms > MEDIUM_MS:
        return JobClass.LONG
    return JobClass.SHORT if duration_ms <= SHORT_MS else JobClass.MEDIUM


def plan_priority(handed_over_at_s: int, jobs_before: int, job_class: JobClass) -> int:
    """Turn a job's turn into a priority for Dagster's queue, where the highest goes first and the default is 0.

    So a run that an operator starts by hand goes before all others.

    Args:
        handed_over_at_s: when the job is handed to the queue, seconds since 1970.
        jobs_before: jobs that its user has in the queue or at work, >= 0.

    >>> plan_priority(1_000_000, 2, JobClass.LONG)
    -1001200
    """
    return -(handed_over_at_s + jobs_before * PLACE_S + HANDICAP_S[job_class])
