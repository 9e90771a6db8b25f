"""Routes of dead letters; for operators only, others find nothing here."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.access import PROTECTED
from api.dead_letters import service
from api.dead_letters.schemas import (
    BulkReplayReply,
    BulkReplayRequest,
    DiscardRequest,
    LetterListQuery,
    LetterPage,
    LetterReply,
    ReplayReply,
    ReplayRequest,
)
from api.operators import OperatorDependency
from api.problems import VOICELESS, document

router = APIRouter(prefix="/admin/dead-letters", tags=["dead letters"])

_ANY = (*PROTECTED, "malformed_request", "not_found")
_REFUSALS = ("job_busy", "job_finished", "request_too_large")
_NO_MONEY = ("budget_exceeded", "spend_limit_too_low")


@router.get("", responses=document(*_ANY))
def list_letters(access: OperatorDependency, query: Annotated[LetterListQuery, Query()]) -> LetterPage:
    """List what failed for good, the last failure first."""
    return service.list_all_letters(access, query)


@router.get("/{letter_id:uuid}", responses=document(*_ANY))
def get_letter(access: OperatorDependency, letter_id: uuid.UUID) -> LetterReply:
    """Read a letter."""
    return service.read_letter(access, letter_id)


@router.post(
    "/{letter_id:uuid}/replay",
    status_code=202,
    response_model=ReplayReply,
    responses={
        200: {"description": "What a replay would buy; nothing is queued.", "model": ReplayReply},
        202: {"description": "What the letter stands for is queued once more."},
        **document(*_ANY, *_REFUSALS, *VOICELESS, *_NO_MONEY, "storage_failed", "tool_missing"),
    },
)
def replay_letter(
    access: OperatorDependency, letter_id: uuid.UUID, response: Response, body: ReplayRequest | None = None
) -> ReplayReply:
    """Make again what a letter stands for; only what is missing is bought, and what was delivered stays."""
    dry_run = body is not None and body.dry_run
    if dry_run:
        response.status_code = 200
    return service.replay_letter(access, letter_id, dry_run=dry_run)


@router.post(
    "/replay",
    responses={
        200: {"description": "What became of each letter."},
        **document(*_ANY, "request_too_large"),
    },
)
def replay_letters(access: OperatorDependency, body: BulkReplayRequest) -> BulkReplayReply:
    """Replay open letters in bulk; one that cannot be replayed says why, and the others go on."""
    return service.replay_letters(access, body)


@router.post("/{letter_id:uuid}/discard", responses=document(*_ANY, *_REFUSALS))
def discard_letter(access: OperatorDependency, letter_id: uuid.UUID, body: DiscardRequest) -> LetterReply:
    """Give up what a letter stands for. Should it fail again it is open again, but for a line."""
    return service.discard_letter(access, letter_id, body.reason)
