"""Which waiting jobs need a run: decided from what the tables and Dagster say, remembering nothing."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from dubbing.jobs import FINAL_JOB_STATES, JobState


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at a job that has no run as far as the tables know."""

    job_id: uuid.UUID
    number: int
    state: JobState

    @property
    def run_key(self) -> str:
        """Names the attempt in Dagster; no two runs are ever made for the same key.

        >>> Attempt(uuid.UUID(int=7), 2, JobState.QUEUED).run_key
        '00000000-0000-0000-0000-000000000007:2'
        """
        return f"{self.job_id}:{self.number}"


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """What to do with waiting attempts.

    Attributes:
        to_mark: they have a run; the tables are to learn which.
        to_close: they were over before they had one, and need none.
        to_request: they are to get one.
    """

    to_mark: tuple[tuple[Attempt, str], ...]
    to_close: tuple[Attempt, ...]
    to_request: tuple[Attempt, ...]


def plan_launches(waiting: Collection[Attempt], run_ids: Mapping[str, str]) -> LaunchPlan:
    """Sort waiting attempts by what is missing.

    Args:
        run_ids: of the runs that Dagster has, by run key. It is asked after the tables, so that a job which was
            worked on when the tables were read has its run here.
    """
    runless = [attempt for attempt in waiting if attempt.run_key not in run_ids]
    return LaunchPlan(
        to_mark=tuple((attempt, run_ids[attempt.run_key]) for attempt in waiting if attempt.run_key in run_ids),
        to_close=tuple(attempt for attempt in runless if attempt.state in FINAL_JOB_STATES),
        to_request=tuple(attempt for attempt in runless if attempt.state not in FINAL_JOB_STATES),
    )
