"""From rows to the bodies that clients read."""

from collections.abc import Sequence

from api.jobs.quality import build_quality_reply
from api.jobs.schemas import DeletionReply, EventReply, JobReply, LanguageReply
from api.schemas import ProblemSummary
from dubbing.errors import build_error
from dubbing.jobs import JobState, LanguageState, WaitingOn, measure_job_progress
from resources.database.deletion_views import Deletion
from resources.database.tables import DubbingJob, JobEvent, LanguageTask


def build_job_reply(
    job: DubbingJob,
    languages: Sequence[LanguageTask],
    *,
    is_recovering: bool = False,
    deletion: Deletion | None = None,
) -> JobReply:
    """Describe a job with its languages.

    Args:
        is_recovering: its work was interrupted; as the database tells, on whose clock the signs of life are.
        deletion: its erasure, wished for or done.
    """
    state = JobState(job.state)
    error = build_error(job.error_code, job.error_message or "") if job.error_code else None
    return JobReply(
        id=job.id,
        upload_id=job.upload_id,
        reference=job.reference,
        state=state,
        progress=measure_job_progress(state, [task.progress for task in languages]),
        attempt=job.attempt,
        revision=job.revision,
        recovering=is_recovering,
        source_language=job.source_language,
        target_languages=[task.language for task in languages],
        max_spend_usd_micros=job.max_spend_usd_micros,
        languages=[_build_language_reply(task) for task in languages],
        error=ProblemSummary(code=error.code, message=error.message, retryable=error.retryable) if error else None,
        deletion=DeletionReply.model_validate(deletion, from_attributes=True) if deletion is not None else None,
        created_at=job.created_at,
        updated_at=max([job.updated_at, *(task.updated_at for task in languages)]),
        started_at=job.started_at,
        finished_at=job.finished_at,
    )


def build_event_reply(event: JobEvent) -> EventReply:
    """Describe an event."""
    return EventReply(id=event.id, type=event.type, language=event.language, at=event.at, data=event.data)


def build_etag(version: str) -> str:
    """Name a state of a job; weak, for it stands for the meaning and not for the bytes."""
    return f'W/"{version}"'


def _build_language_reply(task: LanguageTask) -> LanguageReply:
    return LanguageReply(
        language=task.language,
        state=LanguageState(task.state),
        progress=task.progress,
        waiting_on=WaitingOn(task.waiting_on) if task.waiting_on else None,
        attempt=task.attempt,
        revision=task.revision,
        voices=task.casting,
        heartbeat_at=task.heartbeat_at,
        started_at=task.started_at,
        finished_at=task.finished_at,
        quality=build_quality_reply(task.quality),
        error=ProblemSummary(
            code=task.error_code, message=task.error_message or "", retryable=bool(task.error_retryable)
        )
        if task.error_code
        else None,
    )
