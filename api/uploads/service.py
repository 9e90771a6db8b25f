"""Letting a client upload one recording."""

import secrets
import uuid

from api.access import Access
from api.deletions.service import refuse_while_leaving
from api.uploads.schemas import UploadReply, UploadRequest
from dubbing.errors import TooManyUploadsError, UnsupportedMediaTypeError, UploadTooLargeError
from resources.database.tables import Upload

MAX_PENDING = 200
"""Upload addresses that one user may have open."""

MAX_PENDING_FILES = 10
"""Bytes that one user may have announced and not submitted, counted in recordings of the largest size."""

CONTAINER_TYPES = frozenset({"application/ogg", "application/mp4", "application/mxf", "application/octet-stream"})
"""Media types of recordings that do not begin with audio/ or video/; the content decides in the end."""


def open_upload(access: Access, wanted: UploadRequest) -> UploadReply:
    """Reserve a key that nobody can guess and sign an address for it.

    Raises:
        UnsupportedMediaTypeError, UploadTooLargeError, TooManyUploadsError: nothing was reserved.
        StorageError: the store does not answer.
        ErasureUnderWayError: everything of the caller's is being erased.
    """
    settings = access.container.settings
    media_type = wanted.content_type.lower()
    if not media_type.startswith(("audio/", "video/")) and media_type not in CONTAINER_TYPES:
        raise UnsupportedMediaTypeError("Only recordings can be dubbed; announce an audio/… or video/… type.")
    if wanted.size_bytes > settings.max_upload_bytes:
        raise UploadTooLargeError(f"The recording is larger than {settings.max_upload_mb} MB; compress or split it.")
    with access.transaction() as tx:
        count, size_bytes = tx.uploads.measure_pending(access.caller.user_id)
    if count >= MAX_PENDING or size_bytes + wanted.size_bytes > MAX_PENDING_FILES * settings.max_upload_bytes:
        raise TooManyUploadsError("Too many uploads are open; submit some, or wait until their addresses expire.")
    key = f"incoming/{secrets.token_hex(16)}"
    signed = access.container.store.sign_upload(
        key,
        media_type=media_type,
        size_bytes=wanted.size_bytes,
        sha256=wanted.sha256,
        expires_in_s=settings.upload_ttl_minutes * 60,
    )
    upload = Upload(
        id=uuid.uuid4(),
        user_id=access.caller.user_id,
        file_name=wanted.filename,
        media_type=media_type,
        storage_key=key,
        sha256=wanted.sha256,
        size_bytes=wanted.size_bytes,
        expires_at=signed.expires_at,
    )
    with access.transaction() as tx, tx.as_service():
        tx.jobs.ensure_user(access.caller.user_id)
        refuse_while_leaving(tx, access.caller.user_id)
        tx.uploads.add(upload)
    return UploadReply(
        upload_id=upload.id,
        method=signed.method,
        url=signed.url,
        headers=dict(signed.headers),
        expires_at=signed.expires_at,
    )
