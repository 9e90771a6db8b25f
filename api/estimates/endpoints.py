"""Routes of estimates."""

from fastapi import APIRouter

from api.access import PROTECTED, AccessDependency
from api.estimates.schemas import EstimateReply, EstimateRequest
from api.estimates.service import estimate_job
from api.problems import VOICELESS, document

router = APIRouter(tags=["estimates"])


@router.post(
    "/estimates",
    responses=document(
        *PROTECTED,
        *VOICELESS,
        *("malformed_request", "bad_input", "empty_file", "not_media", "unsafe_media", "no_audio_stream"),
        *("truncated_media", "too_long", "unknown_language", "unsupported_language", "unknown_voice"),
        *("too_many_languages", "upload_mismatch", "not_found", "upload_incomplete", "request_too_large"),
        *("storage_failed", "object_missing", "disk_full", "busy"),
    ),
)
def create_estimate(access: AccessDependency, body: EstimateRequest) -> EstimateReply:
    """Tell what a job would cost, as a range, at the prices in force. Nothing is kept of it."""
    return estimate_job(access, body)
