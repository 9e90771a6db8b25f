"""Routes of uploads."""

from fastapi import APIRouter

from api.access import PROTECTED, AccessDependency
from api.problems import document
from api.uploads.schemas import UploadReply, UploadRequest
from api.uploads.service import open_upload

router = APIRouter(tags=["uploads"])


@router.post(
    "/uploads",
    status_code=201,
    responses=document(
        *PROTECTED,
        "malformed_request",
        "unsupported_media_type",
        "upload_too_large",
        "request_too_large",
        "too_many_uploads",
        "storage_failed",
        "erasure_under_way",
    ),
)
def create_upload(access: AccessDependency, body: UploadRequest) -> UploadReply:
    """Announce a recording and get the address to send it to; submit a job for it afterwards."""
    return open_upload(access, body)
