"""Jobs as clients see them: the caller's own, newest first. Read only."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, Text, case, cast, func, literal, or_, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from dubbing.jobs import DELIVERED_STATES, FINAL_LANGUAGE_STATES, JobState
from resources.database.positions import Position
from resources.database.tables import (
    ArtifactRow,
    DubbedSegment,
    DubbingJob,
    JobEvent,
    LanguageTask,
    SegmentEdit,
    SegmentRow,
)


@dataclass(frozen=True, slots=True)
class Line:
    """A segment in one language of a job; not everything is there before the line was read."""

    segment: SegmentRow
    dubbed: DubbedSegment | None
    edit: SegmentEdit | None


_IS_PROVED = or_(
    ArtifactRow.language.is_(None)
    & select(DubbingJob.id)
    .where(
        DubbingJob.id == ArtifactRow.job_id,
        (ArtifactRow.revision < DubbingJob.revision)
        | DubbingJob.state.in_(
            [JobState.COMPLETED.value, JobState.COMPLETED_WITH_ISSUES.value, JobState.EXPIRED.value]
        ),
    )
    .correlate(ArtifactRow)
    .exists(),
    select(LanguageTask.id)
    .where(
        LanguageTask.job_id == ArtifactRow.job_id,
        LanguageTask.language == ArtifactRow.language,
        (ArtifactRow.revision < LanguageTask.revision)
        | LanguageTask.state.in_([state.value for state in DELIVERED_STATES]),
    )
    .correlate(ArtifactRow)
    .exists(),
)
"""The output belongs to a job or a language whose files were all read back and agreed, or to a revision before.

Another revision is begun only of what was delivered; what one that failed left behind expires when the next is begun.
"""

RECOVERING_AFTER = timedelta(seconds=20)
"""Without a sign of life for so long, a job's work was interrupted and is being brought back. Source: a stage shows one
every two seconds, and a stage that is tried again within its run waits ten seconds at most."""

_IS_RECOVERING = (
    select(func.max(LanguageTask.heartbeat_at) < func.clock_timestamp() - RECOVERING_AFTER)
    .where(
        LanguageTask.job_id == DubbingJob.id,
        LanguageTask.state.not_in([state.value for state in FINAL_LANGUAGE_STATES]),
        DubbingJob.state == JobState.RUNNING.value,
    )
    .correlate(DubbingJob)
    .scalar_subquery()
)
"""The job is under way and nobody has shown work on it for a while. One in the queue has not been begun, and waits."""

_NEWEST = func.max(ArtifactRow.revision).over(
    partition_by=[ArtifactRow.language, case((ArtifactRow.language.is_(None), ArtifactRow.path))]
)
"""Newest revision of the language, whose files belong together; of the job's own files each has its own."""


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
            statement = statement.where(tuple_(DubbingJob.created_at, DubbingJob.id) < tuple_(after.at, after.id))
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
        # What nobody writes changes too: that nobody writes any more.
        recovering = case((_IS_RECOVERING, "recovering"), else_="")
        statement = select(func.md5(own + "," + func.coalesce(stamps, "") + recovering)).where(
            DubbingJob.id == job_id, DubbingJob.user_id == user_id
        )
        return self._session.scalar(statement)

    def list_recovering(self, job_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
        """Return those of some jobs whose work was interrupted and is being brought back."""
        return set(self._session.scalars(select(DubbingJob.id).where(DubbingJob.id.in_(job_ids), _IS_RECOVERING)))

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

    def list_artifacts(self, job_id: uuid.UUID, *, all_revisions: bool = False) -> Sequence[ArtifactRow]:
        """Return a job's outputs that can be downloaded, by their path in the delivery; the newest of each, or all."""
        available = select(ArtifactRow.id, (ArtifactRow.revision == _NEWEST).label("is_newest")).where(
            ArtifactRow.job_id == job_id,
            ArtifactRow.erased_at.is_(None),
            ArtifactRow.expires_at > func.now(),
            _IS_PROVED,
        )
        found = available.subquery()
        statement = select(ArtifactRow).join(found, found.c.id == ArtifactRow.id)
        if not all_revisions:
            statement = statement.where(found.c.is_newest)
        return self._session.scalars(statement.order_by(ArtifactRow.path, ArtifactRow.revision)).all()

    def list_lines(self, job_id: uuid.UUID, language: str, *, after: int, limit: int) -> Sequence[Line]:
        """Return the lines of a language that follow a number, in order."""
        statement = _select_lines(language).where(SegmentRow.job_id == job_id, SegmentRow.number > after)
        rows = self._session.execute(statement.order_by(SegmentRow.number).limit(limit))
        return [Line(segment, dubbed, edit) for segment, dubbed, edit in rows]

    def find_line(self, job_id: uuid.UUID, language: str, number: int) -> Line | None:
        """Find a line of a language."""
        statement = _select_lines(language).where(SegmentRow.job_id == job_id, SegmentRow.number == number)
        return next((Line(segment, dubbed, edit) for segment, dubbed, edit in self._session.execute(statement)), None)

    def find_artifact(self, user_id: uuid.UUID, artifact_id: uuid.UUID) -> ArtifactRow | None:
        """Find an output of a user's job, expired or erased or not."""
        statement = (
            select(ArtifactRow)
            .join(DubbingJob, DubbingJob.id == ArtifactRow.job_id)
            .where(ArtifactRow.id == artifact_id, DubbingJob.user_id == user_id, _IS_PROVED)
        )
        return self._session.scalars(statement).one_or_none()


def _select_lines(language: str) -> Select[SegmentRow, DubbedSegment, SegmentEdit]:
    return (
        select(SegmentRow, DubbedSegment, SegmentEdit)
        .outerjoin(
            DubbedSegment,
            (DubbedSegment.job_id == SegmentRow.job_id)
            & (DubbedSegment.number == SegmentRow.number)
            & (DubbedSegment.language == language),
        )
        .outerjoin(
            SegmentEdit,
            (SegmentEdit.job_id == SegmentRow.job_id)
            & (SegmentEdit.number == SegmentRow.number)
            & (SegmentEdit.language == language),
        )
    )
