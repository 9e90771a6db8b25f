"""What the emulator keeps: buckets with their limits, rows of objects, bytes in a folder."""

import hashlib
import re
import tempfile
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.support.supabase_storage import refusals

_KEY = re.compile(r"[A-Za-z0-9_/!.*'()&$@=;:+,? -]+")


@dataclass
class StoredObject:
    """A row: what the server knows of one object."""

    key: str
    path: Path
    size_bytes: int
    etag: str
    media_type: str
    cache_control: str
    created_at: datetime
    updated_at: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    version: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class Bucket:
    """A bucket; limits that are None are not there.

    Attributes:
        kept: keys that a policy lets everybody see and nobody remove.
    """

    name: str
    size_limit: int | None = None
    media_types: list[str] | None = None
    objects: dict[str, StoredObject] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)

    def check_type(self, media_type: str) -> None:
        """Hold the declared type against the bucket's list, parameters aside."""
        if self.media_types is None:
            return
        kind = media_type.partition(";")[0].strip().lower()
        if not {"*/*", kind, kind.partition("/")[0] + "/*"} & set(self.media_types):
            raise refusals.wrong_type(media_type)

    def check_size(self, size_bytes: int) -> None:
        """Hold a size against the bucket's limit."""
        if self.size_limit is not None and size_bytes > self.size_limit:
            raise refusals.too_large()

    def get(self, key: str) -> StoredObject:
        """Give the object, or refuse."""
        if key not in self.objects:
            raise refusals.no_such_key()
        return self.objects[key]


class Incoming:
    """Bytes on their way in: a file without a name until they are all there."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115 - outlives this call
        self._digest = hashlib.md5(usedforsecurity=False)
        self.path = Path(self._file.name)
        self.size_bytes = 0

    def write(self, data: bytes) -> None:
        """Take some more."""
        self._file.write(data)
        self._digest.update(data)
        self.size_bytes += len(data)

    def finish(self) -> str:
        """Close, and give the entity tag."""
        self._file.close()
        return f'"{self._digest.hexdigest()}"'

    def discard(self) -> None:
        """Forget it; nothing to do once a row holds the file."""
        self._file.close()
        self.path.unlink(missing_ok=True)


class Shelf:
    """All buckets of the emulated project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._buckets: dict[str, Bucket] = {}

    def add_bucket(self, bucket: Bucket) -> None:
        """Make a bucket, or refuse the second of a name."""
        if bucket.name in self._buckets:
            raise refusals.taken("BucketAlreadyExists")
        self._buckets[bucket.name] = bucket

    def get_bucket(self, name: str) -> Bucket:
        """Give the bucket, or refuse."""
        if name not in self._buckets:
            raise refusals.no_such_bucket()
        return self._buckets[name]

    def store(
        self, bucket: Bucket, key: str, incoming: Incoming, *, media_type: str, cache_control: str
    ) -> StoredObject:
        """Let the object appear; the one that was there, if any, gives way to the last who finishes."""
        etag = incoming.finish()
        old = bucket.objects.get(key)
        now = datetime.now(UTC)
        row = StoredObject(
            key=key,
            path=incoming.path.rename(self.folder / f"{uuid.uuid4()}"),
            size_bytes=incoming.size_bytes,
            etag=etag,
            media_type=media_type,
            cache_control=cache_control,
            created_at=old.created_at if old else now,
            updated_at=now,
        )
        bucket.objects[key] = row
        if old:
            row.id = old.id
            old.path.unlink()
        return row


def check_key(key: str) -> str:
    """Return the key if the server takes it."""
    if not _KEY.fullmatch(key) or {".", "..", ""} & set(key.split("/")):
        raise refusals.invalid_key(key)
    return key
