"""Users, jobs, their languages and events: the life of a job.

A final state is left only by an edit or a replay, and progress never goes down within an attempt; both are held here by
the statements themselves.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Update, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dubbing.errors import DubbingError, JobBusyError, JobFinishedError
from dubbing.jobs import (
    DELIVERED_STATES,
    FINAL_JOB_STATES,
    FINAL_LANGUAGE_STATES,
    JobState,
    LanguageState,
    WaitingOn,
    plan_active_languages,
    plan_job_state,
)
from resources.database.dead_letters import DeadLetters
from resources.database.job_lock import number_job
from resources.database.tables import DubbingJob, JobEvent, LanguageTask, User

SUBMITTED = "dubline_job_submitted"
CANCELLED = "dubline_job_cancelled"
"""Channels on which Postgres tells listeners that there is something to do."""

EXPIRED = "The files of this job have expired; submit the recording again."

_UNDER_WAY = LanguageTask.state.not_in([state.value for state in FINAL_LANGUAGE_STATES])


class Jobs:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ensure_user(self, user_id: uuid.UUID) -> None:
        """Make the user's row if it is not there."""
        self._session.execute(insert(User).values(id=user_id).on_conflict_do_nothing())

    def add_job(self, job: DubbingJob, languages: Sequence[str]) -> DubbingJob:
        """Record a job with its languages, all queued, and tell whoever launches runs."""
        self._session.add(job)
        self._session.flush()
        self._session.add_all(LanguageTask(job_id=job.id, language=language) for language in languages)
        self.record_event(job.id, "job.queued", data={"languages": list(languages)})
        self._announce(SUBMITTED)
        return job

    def get(self, job_id: uuid.UUID) -> DubbingJob:
        """Return the job.

        Raises:
            NoResultFound: there is none with this id.
        """
        return self._session.scalars(select(DubbingJob).where(DubbingJob.id == job_id)).one()

    def lock(self, job_id: uuid.UUID) -> DubbingJob:
        """Hold the job until the transaction ends.

        Always before its languages, so that nobody waits for each other; and before an event is numbered, so that
        a client who reads on from the last number misses none.
        """
        # Not FOR UPDATE: events of other languages hold a key share on this row, and two of them would deadlock.
        locked = select(DubbingJob).where(DubbingJob.id == job_id).with_for_update(key_share=True)
        return self._session.scalars(locked.execution_options(populate_existing=True)).one()

    def claim(self, job_id: uuid.UUID) -> DubbingJob:
        """Hold the job until the transaction ends, as a process that works on it does.

        Raises:
            JobBusyError: a process works on it.
        """
        job = self.lock(job_id)
        claimed = func.pg_try_advisory_xact_lock(number_job(str(job_id)))
        if not self._session.scalar(select(claimed)):
            raise JobBusyError("The job is being worked on right now; try again when it has ended.")
        return job

    def begin_revision(self, job: DubbingJob, task: LanguageTask) -> int:
        """Queue a language that has ended once more, as something new; the job must be claimed.

        What it was before can be downloaded all the while.

        Returns:
            The number of the revision.

        Raises:
            JobFinishedError: the job is erased, or to be erased.
        """
        self.begin_attempt(job, [task])
        job.revision = task.revision = job.revision + 1
        self._session.flush()
        return job.revision

    def begin_attempt(self, job: DubbingJob, tasks: Sequence[LanguageTask]) -> None:
        """Queue languages that have ended once more, and tell whoever launches runs; the job must be claimed.

        An attempt that waits already serves for these too.

        Raises:
            JobFinishedError: it is erased, or to be erased.
        """
        if job.state == JobState.EXPIRED or job.deletion_requested_at is not None:
            raise JobFinishedError(EXPIRED)
        if job.state != JobState.QUEUED:
            job.state, job.attempt = JobState.QUEUED.value, job.attempt + 1
            job.error_code = job.error_message = job.finished_at = None
            self.record_event(job.id, "job.queued", data={"languages": [task.language for task in tasks]})
        for task in tasks:
            if task.state != LanguageState.QUEUED:
                task.state, task.attempt, task.progress = LanguageState.QUEUED.value, task.attempt + 1, 0
                task.waiting_on = WaitingOn.QUEUE.value
                task.error_code = task.error_message = task.error_retryable = task.quality = None
                task.heartbeat_at = task.started_at = task.finished_at = None
        self._session.flush()
        self._announce(SUBMITTED)

    def find_by_idempotency_key(self, user_id: uuid.UUID, key: str) -> DubbingJob | None:
        """Find the job that a user has submitted under a key before."""
        statement = select(DubbingJob).where(DubbingJob.user_id == user_id, DubbingJob.idempotency_key == key)
        return self._session.scalars(statement).one_or_none()

    def list_languages(self, job_id: uuid.UUID) -> Sequence[LanguageTask]:
        """Return the languages of a job, in order of their tags."""
        statement = select(LanguageTask).where(LanguageTask.job_id == job_id).order_by(LanguageTask.language)
        return self._session.scalars(statement).all()

    def list_states_by_end(self, job_id: uuid.UUID) -> list[LanguageState]:
        """Return the states of a job's languages in the order in which they ended, those under way last."""
        statement = select(LanguageTask.state).where(LanguageTask.job_id == job_id)
        ended = LanguageTask.finished_at.asc().nulls_last()
        return [LanguageState(state) for state in self._session.scalars(statement.order_by(ended))]

    def list_active_languages(self, job_id: uuid.UUID) -> list[str]:
        """Return the languages that the line works on: those that have not ended, of a job that has those delivered."""
        return plan_active_languages({task.language: LanguageState(task.state) for task in self.list_languages(job_id)})

    def find_unfinished(self, user_id: uuid.UUID, request_key: str) -> DubbingJob | None:
        """Find a job of the same request that was begun and not ended."""
        statement = (
            select(DubbingJob)
            .where(
                DubbingJob.user_id == user_id,
                DubbingJob.request_key == request_key,
                DubbingJob.state.not_in([state.value for state in FINAL_JOB_STATES]),
            )
            .order_by(DubbingJob.created_at.desc())
            .limit(1)
        )
        return self._session.scalars(statement).first()

    def advance(self, job_id: uuid.UUID, language: str, state: LanguageState, progress: int) -> None:
        """Move a language along the line; a final state stays and progress never falls."""
        task = (LanguageTask.job_id == job_id) & (LanguageTask.language == language)
        moved = {
            "progress": func.greatest(LanguageTask.progress, progress),
            "waiting_on": None,
            "heartbeat_at": func.clock_timestamp(),
        }
        same_state = update(LanguageTask).where(task, LanguageTask.state == state.value).values(moved)
        if self._changes(same_state):
            return
        self.lock(job_id)
        changed = (
            update(LanguageTask)
            .where(task, _UNDER_WAY)
            .values(
                moved
                | {
                    "state": state.value,
                    "started_at": func.coalesce(LanguageTask.started_at, func.clock_timestamp()),
                    "finished_at": func.clock_timestamp() if state in FINAL_LANGUAGE_STATES else None,
                }
            )
        )
        if self._changes(changed):
            self.record_event(job_id, f"language.{state.value}", language=language)
            if state in FINAL_LANGUAGE_STATES:
                DeadLetters(self._session).settle_language(job_id, language, state)
            self._settle_job(job_id)

    def hold(self, job_id: uuid.UUID, languages: Collection[str], waiting_on: WaitingOn) -> None:
        """Show that languages wait for something."""
        self.lock(job_id)
        self._session.execute(
            update(LanguageTask)
            .where(
                LanguageTask.job_id == job_id,
                LanguageTask.language.in_(languages),
                _UNDER_WAY,
            )
            .values(waiting_on=waiting_on.value)
        )

    def resume(self, job_id: uuid.UUID, languages: Collection[str]) -> None:
        """Show that languages wait for nothing any more."""
        self.lock(job_id)
        self._session.execute(
            update(LanguageTask)
            .where(
                LanguageTask.job_id == job_id,
                LanguageTask.language.in_(languages),
                _UNDER_WAY,
            )
            .values(waiting_on=None)
        )

    def get_casting(self, job_id: uuid.UUID, language: str) -> Mapping[str, str]:
        """Return the voice that each speaker was given in a language; empty before the first reading."""
        statement = select(LanguageTask.casting).where(LanguageTask.job_id == job_id, LanguageTask.language == language)
        casting: Mapping[str, str] = self._session.scalars(statement).one()
        return casting

    def record_casting(self, job_id: uuid.UUID, language: str, casting: Mapping[str, str]) -> None:
        """Keep who speaks for whom, so that the job keeps its voices whatever an engine offers later."""
        self._session.execute(
            update(LanguageTask)
            .where(LanguageTask.job_id == job_id, LanguageTask.language == language)
            .values(casting=dict(casting))
        )

    def beat(self, job_id: uuid.UUID) -> None:
        """Show that the job is being worked on; a language that is being written to right now shows it anyway."""
        # Skipped, not waited for: whoever ends a whole job locks its languages in an order of its own.
        alive = (
            select(LanguageTask.id)
            .where(
                LanguageTask.job_id == job_id,
                _UNDER_WAY,
            )
            .with_for_update(skip_locked=True)
        )
        self._session.execute(
            update(LanguageTask).where(LanguageTask.id.in_(alive)).values(heartbeat_at=func.clock_timestamp())
        )

    def cancel(self, job_id: uuid.UUID) -> None:
        """End every language that is still under way, and tell whoever stops runs."""
        self.lock(job_id)
        for task in self.list_languages(job_id):
            self.advance(job_id, task.language, LanguageState.CANCELLED, 0)
        self._announce(CANCELLED)

    def fail_language(self, job_id: uuid.UUID, language: str, stage: str, error: DubbingError) -> None:
        """End a language with its error, and leave a dead letter for a person; failing again counts there."""
        self.lock(job_id)
        if self._fail(job_id, language, error):
            DeadLetters(self._session).record_language(job_id, language, stage, error)

    def fail_job(self, job_id: uuid.UUID, stage: str, error: DubbingError) -> None:
        """End every language that is still under way, and leave one dead letter for all of them.

        It is the job's own error where none was delivered before.
        """
        self.lock(job_id)
        tasks = self.list_languages(job_id)
        if not any(task.state in DELIVERED_STATES for task in tasks):
            self._session.execute(
                update(DubbingJob)
                .where(DubbingJob.id == job_id, DubbingJob.state.not_in([state.value for state in FINAL_JOB_STATES]))
                .values(error_code=error.code, error_message=error.message)
            )
        under_way = [task.language for task in tasks if task.state not in FINAL_LANGUAGE_STATES]
        lost = [language for language in under_way if self._fail(job_id, language, error)]
        if lost:
            DeadLetters(self._session).record_job(job_id, stage, error, lost)

    def _fail(self, job_id: uuid.UUID, language: str, error: DubbingError) -> bool:
        """End a language with its error, and say whether it had not ended otherwise."""
        ended_otherwise = [state.value for state in FINAL_LANGUAGE_STATES - {LanguageState.FAILED}]
        failed = (
            update(LanguageTask)
            .where(
                LanguageTask.job_id == job_id,
                LanguageTask.language == language,
                LanguageTask.state.not_in(ended_otherwise),
            )
            .values(error_code=error.code, error_message=error.message, error_retryable=error.retryable)
        )
        if not self._changes(failed):
            return False
        self.advance(job_id, language, LanguageState.FAILED, 0)
        return True

    def requeue(self, job_id: uuid.UUID) -> None:
        """Put a job that was interrupted back; what it made stays made."""
        self._session.execute(
            update(DubbingJob)
            .where(DubbingJob.id == job_id, DubbingJob.state == JobState.RUNNING.value)
            .values(state=JobState.QUEUED.value)
        )
        self.record_event(job_id, "job.interrupted")

    def record_event(
        self, job_id: uuid.UUID, type_: str, *, language: str | None = None, data: Mapping[str, Any] | None = None
    ) -> None:
        """Append to the job's history; ``data`` holds no customer text."""
        self._session.add(JobEvent(job_id=job_id, language=language, type=type_, data=dict(data or {})))
        self._session.flush()

    def _changes(self, statement: Update) -> bool:
        """Execute an update, and say whether it met a row."""
        return bool(cast("CursorResult[Any]", self._session.execute(statement)).rowcount)

    def _announce(self, channel: str) -> None:
        self._session.execute(select(func.pg_notify(channel, "")))

    def _settle_job(self, job_id: uuid.UUID) -> None:
        """Bring the job's state in line with its languages."""
        job = self.lock(job_id)
        languages = self._session.scalars(select(LanguageTask.state).where(LanguageTask.job_id == job_id)).all()
        state = plan_job_state([LanguageState(language) for language in languages])
        if state.value == job.state or JobState(job.state) in FINAL_JOB_STATES:
            return
        self._session.execute(
            update(DubbingJob)
            .where(DubbingJob.id == job_id)
            .values(
                state=state.value,
                started_at=func.coalesce(DubbingJob.started_at, func.clock_timestamp()),
                finished_at=func.clock_timestamp() if state in FINAL_JOB_STATES else None,
            )
        )
        self.record_event(job_id, f"job.{state.value}")
