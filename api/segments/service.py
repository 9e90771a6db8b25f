"""Reading the lines of the caller's own jobs, and having one of them made again."""

import uuid

from api.access import Access
from api.jobs.replies import build_job_reply
from api.jobs.schemas import JobReply
from api.jobs.service import find_own_job
from api.segments.replies import build_segment_reply
from api.segments.schemas import SegmentPage, SegmentPatch, SegmentQuery
from dubbing.casting import plan_casting
from dubbing.errors import JobBusyError, JobFinishedError, NotFoundError
from dubbing.jobs import DELIVERED_STATES, JobState, LanguageState, is_at_rest
from dubbing.transcript import Segment
from resources.database.connection import UnitOfWork
from resources.database.job_views import Line
from resources.database.jobs import EXPIRED
from resources.database.segment_edits import Wish, get_wish
from resources.database.tables import DubbingJob, LanguageTask

BUSY = "The job is being worked on; change its lines when it has ended."
NEVER_DELIVERED = "This language was not delivered; submit the recording again for it, and change its lines then."


def list_own_segments(access: Access, job_id: uuid.UUID, language: str, query: SegmentQuery) -> SegmentPage:
    """Return a page of lines.

    Raises:
        NotFoundError: no such job of the caller's, or no such language of it.
        JobFinishedError: the job is erased, or is being erased.
    """
    with access.transaction() as tx:
        _find_own_task(access, tx, job_id, language)
        found = tx.views.list_lines(job_id, language, after=query.after, limit=query.limit + 1)
    items = [build_segment_reply(line) for line in found[: query.limit]]
    return SegmentPage(items=items, next_after=items[-1].number if len(found) > query.limit else None)


def edit_own_segment(access: Access, job_id: uuid.UUID, language: str, number: int, patch: SegmentPatch) -> JobReply:
    """Have a line made again as the caller wants it; what is so already changes nothing.

    Raises:
        NotFoundError: no such job, language or line of the caller's.
        UnknownVoiceError: the voice is not offered for the language.
        JobBusyError: the job is being worked on.
        JobFinishedError: the language was never delivered, or its files have expired.
        BudgetExceededError, SpendLimitTooLowError: there is no money for it.
    """
    with access.transaction() as tx:
        _find_own_task(access, tx, job_id, language)
        line = _find_line(tx, job_id, language, number)
    if patch.voice is not None:
        # In no transaction: a vendor may be asked for its voices.
        _check_voice(access, language, line.segment.speaker, patch.voice)
    with access.transaction() as tx:
        find_own_job(access, tx, job_id)
        with tx.as_service():
            tx.jobs.lock(job_id)
            _edit(access, tx, job_id, language, number, patch)
            job = tx.jobs.get(job_id)
            return build_job_reply(job, tx.jobs.list_languages(job_id))


def _find_own_task(access: Access, tx: UnitOfWork, job_id: uuid.UUID, language: str) -> LanguageTask:
    job = find_own_job(access, tx, job_id)
    task = _find_task(tx, job_id, language)
    _check_has_lines(job)
    return task


def _check_has_lines(job: DubbingJob) -> None:
    if job.state == JobState.EXPIRED or job.deletion_requested_at is not None:
        raise JobFinishedError(EXPIRED)


def _find_task(tx: UnitOfWork, job_id: uuid.UUID, language: str) -> LanguageTask:
    for task in tx.jobs.list_languages(job_id):
        if task.language == language:
            return task
    raise NotFoundError("The job has no such language.")


def _find_line(tx: UnitOfWork, job_id: uuid.UUID, language: str, number: int) -> Line:
    line = tx.views.find_line(job_id, language, number)
    if line is None:
        raise NotFoundError("There is no such line.")
    return line


def _check_voice(access: Access, language: str, speaker: str, voice: str) -> None:
    synthesizer = access.container.synthesizer
    vendors = synthesizer.list_vendors(language)
    plan_casting([speaker], synthesizer.list_voices(), language, {speaker: voice}, vendors=vendors)


def _edit(access: Access, tx: UnitOfWork, job_id: uuid.UUID, language: str, number: int, patch: SegmentPatch) -> None:
    """Write the edit and queue the language; the job is locked, so that of two edits one sees the other."""
    _check_has_lines(tx.jobs.get(job_id))
    task = _find_task(tx, job_id, language)
    before = get_wish(_find_line(tx, job_id, language, number).edit)
    wish = _plan_wish(before, patch)
    is_lost = LanguageState(task.state) in {LanguageState.FAILED, LanguageState.CANCELLED}
    if wish == before and not is_lost:
        return
    _check_can_be_edited(tx, tx.jobs.get(job_id), task)
    job = tx.jobs.claim(job_id)
    if is_lost:
        tx.values.expire_artifacts(job_id, language, task.revision)
    revision = tx.jobs.begin_revision(job, task)
    tx.edits.record(job_id, language, number, wish, revision)
    _hold(access, tx, job, task, number, wish, is_lost=is_lost)
    tx.jobs.record_event(job_id, "segment.edited", language=language, data={"number": number, "revision": revision})


def _hold(
    access: Access, tx: UnitOfWork, job: DubbingJob, task: LanguageTask, number: int, wish: Wish, *, is_lost: bool
) -> None:
    """Hold what making the line again may cost; the whole language where it was lost."""
    upload = tx.uploads.get_of_job(job.id)
    if is_lost:
        access.container.budget.hold(tx, job, upload, [task.language])
    elif not wish.keeps_original:
        said = _find_line(tx, job.id, task.language, number).segment
        line = Segment(number, said.start_ms, said.end_ms, wish.text or said.text, said.speaker)
        access.container.budget.hold_lines(tx, job, upload, task.language, [line])


def _plan_wish(before: Wish, patch: SegmentPatch) -> Wish:
    """Put what is asked for over what was asked for before."""
    given = patch.model_fields_set
    return Wish(
        text=patch.text if "text" in given else before.text,
        voice=patch.voice if "voice" in given else before.voice,
        keeps_original=bool(patch.keep_original) if "keep_original" in given else before.keeps_original,
    )


def _check_can_be_edited(tx: UnitOfWork, job: DubbingJob, task: LanguageTask) -> None:
    """Let a line be made again where the rest of the language is there, and nobody works on the job.

    Raises:
        JobBusyError: somebody does.
        JobFinishedError: it is not there, or not any more.
    """
    state, states = LanguageState(task.state), [LanguageState(each.state) for each in tx.jobs.list_languages(job.id)]
    was_delivered = state in DELIVERED_STATES or task.revision > 1  # another revision is begun only of what was
    if not is_at_rest(JobState(job.state), states) or (state is LanguageState.QUEUED and not was_delivered):
        raise JobBusyError(BUSY)
    if not was_delivered:
        raise JobFinishedError(NEVER_DELIVERED)
    has_files = any(file.language == task.language for file in tx.views.list_artifacts(job.id))
    if not has_files:
        raise JobFinishedError(EXPIRED)
