"""Routes of segments."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.access import PROTECTED, AccessDependency
from api.jobs.schemas import JobReply
from api.problems import VOICELESS, document
from api.schemas import LanguageTag
from api.segments.schemas import SegmentPage, SegmentPatch, SegmentQuery
from api.segments.service import edit_own_segment, list_own_segments

router = APIRouter(tags=["segments"])


@router.get(
    "/jobs/{job_id}/languages/{language}/segments",
    responses=document(*PROTECTED, "malformed_request", "not_found", "job_finished"),
)
def list_segments(
    access: AccessDependency, job_id: uuid.UUID, language: LanguageTag, query: Annotated[SegmentQuery, Query()]
) -> SegmentPage:
    """List the lines of a language: what is said, by whom, when, how well it fits. Go on with `after=next_after`."""
    return list_own_segments(access, job_id, language, query)


@router.patch(
    "/jobs/{job_id}/languages/{language}/segments/{number}",
    status_code=202,
    responses={
        202: {"description": "The language is queued to be made again; only what the edit changes is bought."},
        **document(
            *PROTECTED,
            *VOICELESS,
            *("malformed_request", "not_found", "unknown_voice", "unsupported_language", "tool_missing"),
            *("job_busy", "job_finished", "request_too_large", "budget_exceeded", "spend_limit_too_low"),
        ),
    },
)
def edit_segment(
    access: AccessDependency,
    job_id: uuid.UUID,
    language: LanguageTag,
    number: Annotated[int, Path(ge=1, le=(1 << 31) - 1, description="Number of the line.")],
    body: SegmentPatch,
) -> JobReply:
    """Have one line of a delivered language made again: with other words, by another voice, or as the original.

    The files of before stay downloadable all the while. Several lines can be changed until the work begins.
    """
    return edit_own_segment(access, job_id, language, number, body)
