"""Whose turn it is: a job whose attempt is not over is worked on by the run of that attempt and by no other."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import dagster as dg

from dubbing.jobs import FINAL_JOB_STATES, FINAL_LANGUAGE_STATES, JobState, LanguageState
from resources.database.connection import UnitOfWork

ATTEMPT_TAG = "dub/attempt"
"""Tells which attempt a run is for; a run that somebody started by hand has none."""

NOT_ITS_TURN = "The job waits for another run, which makes what was asked for since; run it again when that has ended."


@dataclass(frozen=True, slots=True)
class Turn:
    """What a stage finds when it begins.

    Attributes:
        is_rerun: nothing of the job is to be done, and what was delivered is made again by hand; a cancel of other
            languages was before that, and does not stop it.
        revisions: of the languages.
    """

    is_rerun: bool = False
    revisions: Mapping[str, int] = field(default_factory=dict)


def take_turn(tx: UnitOfWork, job_id: uuid.UUID, tags: Mapping[str, str]) -> Turn:
    """Let a run work on a job that it holds.

    A run by hand lets go of the job between its stages, and a line may be edited meanwhile. It ends there: it would
    make the edited language of what was read before, and call it done.

    Raises:
        dagster.Failure: another run is to work on it.
    """
    job, tasks = tx.jobs.get(job_id), tx.jobs.list_languages(job_id)
    is_over = job.ended_attempt >= job.attempt
    is_own = not is_over and tags.get(ATTEMPT_TAG) == str(job.attempt)
    if not (is_over or is_own) and JobState(job.state) not in FINAL_JOB_STATES:
        raise dg.Failure(NOT_ITS_TURN, allow_retries=False)
    states = {LanguageState(task.state) for task in tasks}
    is_rerun = not is_own and states <= FINAL_LANGUAGE_STATES and states != {LanguageState.CANCELLED}
    return Turn(is_rerun, {task.language: task.revision for task in tasks})
