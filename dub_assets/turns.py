"""Whose turn it is: a job whose attempt is not over is worked on by the run of that attempt and by no other."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Never

import dagster as dg

from dub_assets.rerun import list_wanted, narrow
from dubbing.errors import JobBusyError, JobFinishedError, UnsupportedLanguageError
from dubbing.jobs import FINAL_JOB_STATES, FINAL_LANGUAGE_STATES, JobState, LanguageState
from resources.database.connection import UnitOfWork

ATTEMPT_TAG = "dub/attempt"
"""Tells which attempt a run is for; a run that somebody started by hand has none."""

LAST_STAGE = "manifest"

ERASED = "This job is erased, or is to be; submit the recording again."

NOT_ITS_TURN = "The job waits for another run, which makes what was asked for since; run it again when that has ended."


@dataclass(frozen=True, slots=True)
class Turn:
    """What a stage finds when it begins.

    Attributes:
        is_rerun: nothing of the job is to be done, and what was delivered is made again by hand; a cancel of other
            languages was before that, and does not stop it.
        languages: the ones to work on, of those that there is anything to do for; empty is all.
        revisions: of the languages.
    """

    is_rerun: bool = False
    languages: Collection[str] = ()
    revisions: Mapping[str, int] = field(default_factory=dict)


def begin_turn(tx: UnitOfWork, job_id: uuid.UUID, run: dg.DagsterRun) -> Turn:
    """Let a run work on a job that it holds; one that was started by hand begins anew what has failed.

    That is a new attempt, as a replay is, and this run is the one that makes it. Only a run that goes to the end of the
    line begins one: another would leave it half done.

    Raises:
        dagster.Failure: another run is to work on the job, or this one was started for a language that it cannot
            work on.
    """
    wanted = list_wanted(run.run_config)
    turn = take_turn(tx, job_id, run, languages=wanted)
    states = {task.language: LanguageState(task.state) for task in tx.jobs.list_languages(job_id)}
    _check_wanted(wanted, states)
    failed = [language for language in narrow(list(states), wanted) if states[language] is LanguageState.FAILED]
    if not turn.is_rerun or not failed or not _goes_to_the_end(run):
        return turn
    attempt = tx.replays.begin(job_id, failed, is_held=True)
    tx.launches.mark_launched(job_id, attempt, run.run_id)
    return take_turn(tx, job_id, run, languages=wanted)


def take_turn(tx: UnitOfWork, job_id: uuid.UUID, run: dg.DagsterRun, *, languages: Collection[str] = ()) -> Turn:
    """Let a run work on a job that it holds.

    A run by hand lets go of the job between its stages, and a line may be edited meanwhile. It ends there: it would
    make the edited language of what was read before, and call it done.

    Raises:
        dagster.Failure: another run is to work on it, or it is erased.
    """
    job, tasks = tx.jobs.get(job_id), tx.jobs.list_languages(job_id)
    is_over = job.ended_attempt >= job.attempt
    is_noted = job.launched_attempt == job.attempt and job.run_id == run.run_id
    is_own = not is_over and (is_noted or run.tags.get(ATTEMPT_TAG) == str(job.attempt))
    if job.state == JobState.EXPIRED or (job.deletion_requested_at is not None and not is_own):
        raise dg.Failure(ERASED, metadata={"code": JobFinishedError.code}, allow_retries=False)
    if not (is_over or is_own) and JobState(job.state) not in FINAL_JOB_STATES:
        raise dg.Failure(NOT_ITS_TURN, metadata={"code": JobBusyError.code}, allow_retries=False)
    states = {LanguageState(task.state) for task in tasks}
    is_rerun = not is_own and states <= FINAL_LANGUAGE_STATES and states != {LanguageState.CANCELLED}
    return Turn(is_rerun, languages, {task.language: task.revision for task in tasks})


def _check_wanted(wanted: Collection[str], states: Mapping[str, LanguageState]) -> None:
    """Refuse a run for a language that it cannot work on; the job stays as it is."""
    if unknown := [language for language in wanted if language not in states]:
        _refuse(f"The job has no language {', '.join(unknown)}; it has {', '.join(sorted(states))}.")
    if cancelled := [language for language in wanted if states[language] is LanguageState.CANCELLED]:
        _refuse(f"{', '.join(cancelled)} was cancelled; start the run without it, or submit it as a job of its own.")


def _refuse(message: str) -> Never:
    raise dg.Failure(message, metadata={"code": UnsupportedLanguageError.code}, allow_retries=False)


def _goes_to_the_end(run: dg.DagsterRun) -> bool:
    return run.step_keys_to_execute is None or LAST_STAGE in run.step_keys_to_execute
