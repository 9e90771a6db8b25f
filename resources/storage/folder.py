"""A folder as object store; the API serves its signed addresses."""

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from dubbing.errors import ObjectMissingError, StorageError, UploadTakenError
from resources.hashing import measure_sha256
from resources.storage.disk import writing_to_disk
from resources.storage.incoming import Aside, IncomingObject, settle
from resources.storage.port import ObjectInfo, SignedUpload, check_key
from resources.storage.signing import AddressSigner

BLOCK_BYTES = 1 << 20


class FolderStore:
    """Objects as files below one folder; readable by the owner only.

    Args:
        public_url: address at which clients reach the API, which must serve ``/v1/store``.
    """

    def __init__(self, root: Path, *, public_url: str, signer: AddressSigner) -> None:
        self._root = root
        self._public_url = public_url.rstrip("/")
        self._signer = signer
        self._aside = Aside(root / ".incoming")  # no key of ours begins with a dot
        self._uploading: set[str] = set()
        self._guard = threading.Lock()

    def put(self, key: str, file: Path, *, media_type: str = "application/octet-stream") -> None:
        """Copy aside, then take its place in one step; a folder has no place to note the media type."""
        target = self._find_path(key)
        with writing_to_disk(), file.open("rb") as source:
            out, path = self._aside.open()
            try:
                with out:
                    shutil.copyfileobj(source, out, BLOCK_BYTES)
                    out.flush()
                    os.fsync(out.fileno())
                settle(target, lambda: path.replace(target))
            except BaseException:
                path.unlink(missing_ok=True)
                raise

    @contextmanager
    def fetch(self, key: str, *, sha256: str | None = None) -> Iterator[Path]:
        """Give the file itself: no copy is made."""
        path = self.get_path(key)
        if sha256 is not None and measure_sha256(path) != sha256.lower():
            raise StorageError("An object in the store has other bytes than expected.")
        yield path

    @contextmanager
    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[Iterator[bytes]]:
        """Give the file's bytes in blocks."""
        with self.get_path(key).open("rb") as file:
            file.seek(start)
            yield _read_blocks(file, None if end is None else max(end - start, 0))

    def find_info(self, key: str) -> ObjectInfo | None:
        """Find size and etag; the etag follows from what the file system changes with every new file."""
        try:
            return describe(self.get_path(key).stat())
        except (ObjectMissingError, FileNotFoundError):
            return None

    def move(self, key: str, target: str) -> None:
        """Rename the file."""
        source, path = self.get_path(key), self._find_path(target)
        try:
            settle(path, lambda: source.replace(path))
        except FileNotFoundError:
            raise _missing() from None
        self._remove_empty_folders(source)

    def delete(self, key: str) -> None:
        """Remove the file, and the folders it leaves empty."""
        path = self._find_path(key)
        if path.is_file():
            path.unlink(missing_ok=True)
        self._remove_empty_folders(path)

    def locate(self, key: str) -> str:
        """Give the file's path."""
        return str(self._root / check_key(key))

    def sign_upload(
        self, key: str, *, media_type: str, size_bytes: int, sha256: str, expires_in_s: int
    ) -> SignedUpload:
        """Sign a ``PUT`` of exactly these bytes; all of size, type and digest is held to."""
        expires_at = _expiry(expires_in_s)
        claims = {"size": str(size_bytes), "type": media_type, "sha256": sha256.lower()}
        headers = {"Content-Type": media_type, "Content-Length": str(size_bytes)}
        return SignedUpload(self._sign("PUT", key, expires_at, claims), expires_at, headers=headers)

    def sign_download(self, key: str, *, expires_in_s: int, file_name: str | None = None) -> str:
        """Sign a ``GET``, which allows ``HEAD`` too."""
        claims = {} if file_name is None else {"name": file_name.encode(errors="replace").decode()}
        return self._sign("GET", key, _expiry(expires_in_s), claims)

    def _sign(self, method: str, key: str, expires_at: datetime, claims: Mapping[str, str]) -> str:
        query = self._signer.sign(method, check_key(key), expires_at_s=int(expires_at.timestamp()), claims=claims)
        return f"{self._public_url}/v1/store/{key}?{query}"

    def verify(self, method: str, key: str, query: Sequence[tuple[str, str]]) -> Mapping[str, str]:
        """Give what was promised when an address was signed.

        Raises:
            AddressRejectedError: the address is not good for this.
        """
        return self._signer.verify(method, key, query)

    @contextmanager
    def receive(self, key: str, *, size_bytes: int, sha256: str) -> Iterator[IncomingObject]:
        """Take an upload in blocks, one at a time for a key.

        Raises:
            UploadTakenError: there is an object, or another upload of it goes on.
        """
        path = self._find_path(key)
        with self._guard:
            if key in self._uploading or path.is_file():
                raise UploadTakenError("This upload is under way or complete already; ask for a new address.")
            self._uploading.add(key)
        try:
            incoming = IncomingObject(self._aside, path, size_bytes=size_bytes, sha256=sha256)
            try:
                yield incoming
            finally:
                incoming.discard()
        finally:
            with self._guard:
                self._uploading.discard(key)

    def get_path(self, key: str) -> Path:
        """Give the path of an object's file.

        Raises:
            ObjectMissingError: there is none.
        """
        path = self._find_path(key)
        if not path.is_file():
            raise _missing()
        return path

    def _find_path(self, key: str) -> Path:
        path = self._root / check_key(key)
        if not path.resolve().is_relative_to(self._root.resolve()):
            raise StorageError("A link in the store leads out of it; remove the link.")
        return path

    def _remove_empty_folders(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            for folder in path.parents:
                if folder == self._root:
                    break
                folder.rmdir()


def describe(found: os.stat_result) -> ObjectInfo:
    """Say what the store knows of a file; every writing makes a new file."""
    return ObjectInfo(size_bytes=found.st_size, etag=f"{found.st_mtime_ns:x}-{found.st_ino:x}-{found.st_size:x}")


def _read_blocks(file: BinaryIO, left: int | None) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES if left is None else min(BLOCK_BYTES, left)):
        left = None if left is None else left - len(block)
        yield block


def _expiry(expires_in_s: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=expires_in_s)


def _missing() -> ObjectMissingError:
    return ObjectMissingError("An object that should be in the store is not there.")
