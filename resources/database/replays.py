"""Replays: what failed is queued once more, what was delivered stays as it is and where it is."""

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from dubbing.errors import JobBusyError, JobFinishedError, NotFoundError
from dubbing.jobs import DELIVERED_STATES, JobState, LanguageState, is_at_rest
from resources.database.dead_letters import DeadLetters
from resources.database.jobs import EXPIRED, Jobs
from resources.database.tables import DubbingJob, LanguageTask

BUSY = "The job is being worked on, or waits to be; try again when it has ended."
NOTHING_FAILED = "Nothing of this that failed is left; there is nothing to make again."


class Replays:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._jobs = Jobs(session)
        self._letters = DeadLetters(session)

    def begin(self, job_id: uuid.UUID, languages: Collection[str], *, is_held: bool = False) -> int:
        """Queue languages that failed once more, each as a new attempt, and tell whoever launches runs.

        One that was cancelled while it was being replayed counts as failed. An attempt that waits already serves for
        these too. The letters of what is queued are being replayed from now on.

        Args:
            is_held: the caller holds the job's lock already.

        Returns:
            The number of the job's attempt.

        Raises:
            NotFoundError: the job has no such language.
            JobBusyError: somebody works on the job, or it waits and nothing more of this has failed.
            JobFinishedError: none of these has failed, or the job has expired.
        """
        job, tasks = self._hold(job_id, languages, is_held=is_held)
        lost = [task for task in tasks if self._is_lost(task)]
        if not lost:
            raise JobBusyError(BUSY) if job.state == JobState.QUEUED else JobFinishedError(NOTHING_FAILED)
        self._claim(job_id, is_held=is_held)
        if any(LanguageState(task.state) in DELIVERED_STATES for task in self._jobs.list_languages(job_id)):
            job.revision += 1  # so that the job's own files, its manifest among them, stay what they are meanwhile
        self._jobs.begin_attempt(job, lost)
        self._letters.mark_replaying(job_id, [task.language for task in lost], job.attempt)
        return job.attempt

    def begin_lines(self, job_id: uuid.UUID, languages: Collection[str]) -> int:
        """Queue delivered languages once more for the lines that they lost; what was delivered can be had meanwhile.

        Returns:
            The number of the job's attempt.

        Raises:
            NotFoundError, JobBusyError, JobFinishedError: see `begin`.
        """
        job, tasks = self._hold(job_id, languages, is_held=False)
        delivered = [task for task in tasks if LanguageState(task.state) in DELIVERED_STATES]
        if not delivered:
            raise JobBusyError(BUSY) if job.state == JobState.QUEUED else JobFinishedError(NOTHING_FAILED)
        self._claim(job_id, is_held=False)
        for task in delivered:
            self._jobs.begin_revision(job, task)
        self._letters.mark_replaying(job_id, [task.language for task in delivered], job.attempt)
        return job.attempt

    def list_lost(self, job_id: uuid.UUID) -> list[str]:
        """List the languages of a job that could be begun again."""
        return [task.language for task in self._jobs.list_languages(job_id) if self._is_lost(task)]

    def _hold(
        self, job_id: uuid.UUID, languages: Collection[str], *, is_held: bool
    ) -> tuple[DubbingJob, Sequence[LanguageTask]]:
        """Lock a job that nobody works on, and see its languages as they are now."""
        job = self._jobs.lock(job_id)
        statement = select(LanguageTask).where(LanguageTask.job_id == job_id).order_by(LanguageTask.language)
        now = self._session.scalars(statement.execution_options(populate_existing=True))
        tasks = {task.language: task for task in now}
        if not set(languages) <= tasks.keys():
            raise NotFoundError("The job has no such language.")
        if job.state == JobState.EXPIRED or job.deletion_requested_at is not None:
            raise JobFinishedError(EXPIRED)
        states = [LanguageState(task.state) for task in tasks.values()]
        if not is_held and not is_at_rest(JobState(job.state), states):
            raise JobBusyError(BUSY)
        return job, [tasks[language] for language in dict.fromkeys(languages)]

    def _claim(self, job_id: uuid.UUID, *, is_held: bool) -> None:
        # Last, so that of two replays at once the second sees what the first has done, and not its hold.
        if not is_held:
            self._jobs.claim(job_id)

    def _is_lost(self, task: LanguageTask) -> bool:
        if task.state == LanguageState.CANCELLED:
            return self._letters.has_open(task.job_id, task.language)
        return task.state == LanguageState.FAILED
