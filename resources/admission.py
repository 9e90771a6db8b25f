"""Admitting an uploaded recording: it is what was announced, and lies where nobody can change it any more."""

import uuid
from collections.abc import Callable

from dubbing.errors import InputError, ObjectMissingError, UploadIncompleteError, UploadMismatchError
from resources.database.tables import Upload
from resources.hashing import measure_sha256
from resources.media.ffmpeg import Ffmpeg
from resources.media.inspection import measure_declared_ms
from resources.storage.port import ObjectStore


class Admission:
    """Admits recordings."""

    def __init__(self, store: ObjectStore, ffmpeg: Callable[[], Ffmpeg], *, max_duration_ms: int) -> None:
        self._store = store
        self._ffmpeg = ffmpeg
        self._max_duration_ms = max_duration_ms

    def admit(self, upload: Upload) -> tuple[str, int | None]:
        """Move an uploaded recording to where no upload address reaches, and check there that it is what was announced.

        Moved first, so that nobody can change it between the check and its use. What fails the check is deleted; the
        client may upload again.

        Returns:
            The key it has now, and the length its header states in ms, if it states one.

        Raises:
            UploadIncompleteError: it has not arrived.
            UploadMismatchError: it is not what was announced.
            InputError: it is not a recording that can be dubbed.
            StorageError: the store failed.
        """
        key = build_source_key(upload.id)
        try:
            self._store.move(upload.storage_key, key)
        except ObjectMissingError:
            if self._store.find_info(key) is None:  # else it was moved by a request that then broke off
                raise UploadIncompleteError(
                    "The recording has not been uploaded yet; send it to the upload address, then submit again."
                ) from None
        try:
            return key, self._check_arrival(key, upload)
        except (UploadMismatchError, InputError):
            self._store.delete(key)
            raise

    def _check_arrival(self, key: str, upload: Upload) -> int | None:
        info = self._store.find_info(key)
        if info is None or info.size_bytes != upload.size_bytes:
            raise UploadMismatchError("The recording has another size than was announced; upload it again.")
        with self._store.fetch(key) as file:
            if measure_sha256(file) != upload.sha256:
                raise UploadMismatchError("The recording has another sha256 than was announced; upload it again.")
            return measure_declared_ms(file, self._ffmpeg(), max_duration_ms=self._max_duration_ms)


def build_source_key(upload_id: uuid.UUID) -> str:
    """Build the key under which a recording lies that nobody can replace any more."""
    return f"sources/{upload_id}"
