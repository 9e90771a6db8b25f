"""Jobs as clients see them: the caller's own, newest first. Read only."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Text, cast, func, literal, or_, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from dubbing.jobs import DELIVERED_STATES, JobState
from resources.database.tables import ArtifactRow, DubbingJob, JobEvent, LanguageTask


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the list of jobs, newest first; jobs that are added meanwhile do not move it."""

    created_at: datetime
    job_id: uuid.UUID


_IS_PROVED = or_(
    ArtifactRow.language.is_(None),
    select(LanguageTask.id)
    .where(
        LanguageTask.job_id == ArtifactRow.job_id,
        LanguageTask.language == ArtifactRow.language,
        LanguageTask.state.in_([state.value for state in DELIVERED_STATES]),
    )
    .exists(),
)
"""The output belongs to the whole job, or to a language whose files were all read back and agreed."""


class JobViews:
    """Repository over one transaction; every query names the owner, whatever the policies let through."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list_page(
        self, user_id: uuid.UUID, *, state: JobState | None, after: Position | None, limit: int
    ) -> Sequence[DubbingJob]:
        """Return the next jobs of a user, newest first."""
        statement = select(DubbingJob).where(DubbingJob.user_id == user_id)
        if state is not None:
            statement = statement.where(DubbingJob.state == state.value)
        if after is not None:
            statement = statement.where(
                tuple_(DubbingJob.created_at, DubbingJob.id) < tuple_(after.created_at, after.job_id)
            )
        newest = statement.order_by(DubbingJob.created_at.desc(), DubbingJob.id.desc()).limit(limit)
        return self._session.scalars(newest).all()

    def find(self, user_id: uuid.UUID, job_id: uuid.UUID) -> DubbingJob | None:
        """Find a job of a user."""
        statement = select(DubbingJob).where(DubbingJob.id == job_id, DubbingJob.user_id == user_id)
        return self._session.scalars(statement).one_or_none()

    def find_version(self, user_id: uuid.UUID, job_id: uuid.UUID) -> str | None:
        """Find a name for the state of a job and its languages: another one after every change. One query."""
        # Every stamp and not the newest: a change that was stamped first may be committed last.
        stamp = func.extract("epoch", LanguageTask.updated_at)
        stamps = (
            select(func.string_agg(cast(stamp, Text), aggregate_order_by(literal(","), LanguageTask.language)))
            .where(LanguageTask.job_id == DubbingJob.id)
            .scalar_subquery()
        )
        own = cast(func.extract("epoch", DubbingJob.updated_at), Text)
        statement = select(func.md5(own + "," + func.coalesce(stamps, ""))).where(
            DubbingJob.id == job_id, DubbingJob.user_id == user_id
        )
        return self._session.scalar(statement)

    def list_languages(self, job_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Sequence[LanguageTask]]:
        """Return the languages of some jobs, in order of their tags."""
        tasks: dict[uuid.UUID, list[LanguageTask]] = {job_id: [] for job_id in job_ids}
        statement = select(LanguageTask).where(LanguageTask.job_id.in_(job_ids)).order_by(LanguageTask.language)
        for task in self._session.scalars(statement):
            tasks[task.job_id].append(task)
        return tasks

    def list_events(self, job_id: uuid.UUID, *, after: int, limit: int) -> Sequence[JobEvent]:
        """Return what happened to a job after an event, oldest first."""
        statement = select(JobEvent).where(JobEvent.job_id == job_id, JobEvent.id > after)
        return self._session.scalars(statement.order_by(JobEvent.id).limit(limit)).all()

    def list_artifacts(self, job_id: uuid.UUID) -> Sequence[ArtifactRow]:
        """Return a job's outputs that can be downloaded, by their path in the delivery."""
        statement = select(ArtifactRow).where(
            ArtifactRow.job_id == job_id, _IS_PROVED, ArtifactRow.expires_at > func.now()
        )
        return self._session.scalars(statement.order_by(ArtifactRow.path, ArtifactRow.revision)).all()

    def find_artifact(self, user_id: uuid.UUID, artifact_id: uuid.UUID) -> ArtifactRow | None:
        """Find an output of a user's job, expired or not."""
        statement = (
            select(ArtifactRow)
            .join(DubbingJob, DubbingJob.id == ArtifactRow.job_id)
            .where(ArtifactRow.id == artifact_id, DubbingJob.user_id == user_id, _IS_PROVED)
        )
        return self._session.scalars(statement).one_or_none()
