"""A folder as object store; the API serves its signed addresses."""

import contextlib
import errno
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
from resources.storage.disk import working_in_store
from resources.storage.folder_tree import open_folder, remove_file, walk_files
from resources.storage.incoming import Aside, IncomingObject, settle
from resources.storage.port import INVALID_KEY, ObjectInfo, SignedUpload, StoredObject, build_prefix, check_key
from resources.storage.signing import AddressSigner

BLOCK_BYTES = 1 << 20

INCOMING = ".incoming"
"""The folder of what is not whole yet; no key of ours begins with a dot, and nothing in it is an object."""


class FolderStore:
    """Objects as files below one folder; readable by the owner only.

    Args:
        root: made if it is not there; if it goes away later, the store is away and not empty.
        public_url: address at which clients reach the API, which must serve ``/v1/store``.

    Raises:
        StorageError: the folder cannot be made.
    """

    def __init__(self, root: Path, *, public_url: str, signer: AddressSigner) -> None:
        with working_in_store():
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root = root
        self._public_url = public_url.rstrip("/")
        self._signer = signer
        self._aside = Aside(root / INCOMING)
        self._uploading: set[str] = set()
        self._guard = threading.Lock()

    def put(self, key: str, file: Path, *, media_type: str = "application/octet-stream") -> None:
        """Copy aside, then take its place in one step; a folder has no place to note the media type."""
        target = self._find_path(key)
        with file.open("rb") as source, working_in_store():
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
        path = self.get_path(key)
        with working_in_store():
            file = path.open("rb")
            file.seek(start)
        with file:
            yield _read_blocks(file, None if end is None else max(end - start, 0))

    def find_info(self, key: str) -> ObjectInfo | None:
        """Find size and etag; the etag follows from what the file system changes with every new file."""
        with working_in_store(), contextlib.suppress(ObjectMissingError, FileNotFoundError):
            return describe(self.get_path(key).stat())
        return None

    def move(self, key: str, target: str) -> None:
        """Rename the file; its time is the one of the move, for that is when the object came to be there."""
        source, path = self.get_path(key), self._find_path(target)
        with working_in_store():
            try:
                os.utime(source)
                settle(path, lambda: source.replace(path))
            except FileNotFoundError:
                raise _missing() from None
        self._remove_empty_folders(source)

    def delete(self, key: str) -> None:
        """Remove the file, and the folders it leaves empty."""
        path = self._find_path(key)
        with working_in_store():
            if path.is_file():
                path.unlink(missing_ok=True)
        self._remove_empty_folders(path)

    def list_objects(self, prefix: str = "") -> Iterator[StoredObject]:
        """Read the folders as the listing goes on; links are objects of their own."""
        return self._list(build_prefix(prefix).split("/")[:-1])

    def _list(self, below: Sequence[str]) -> Iterator[StoredObject]:
        with working_in_store(), open_folder(self._root) as root:
            for key, found in walk_files(root, below, leave_out=INCOMING):
                yield StoredObject(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def delete_many(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Remove one file after the other, links as links, and the folders they leave empty."""
        with working_in_store(), open_folder(self._root) as root:
            refused = {key: _remove(root, key) for key in keys}
        return {key: reason for key, reason in refused.items() if reason}

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
            StorageError: the whole store is not there.
        """
        path = self._find_path(key)
        with working_in_store():
            if path.is_file():
                return path
            self._root.stat()
        raise _missing()

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


def _remove(root: int, key: str) -> str | None:
    """Remove a file of any name; say why not, in the system's own name for it."""
    parts = key.split("/")
    if parts[0] == INCOMING or not {"", ".", ".."}.isdisjoint(parts):
        return INVALID_KEY
    try:
        remove_file(root, parts)
    except ValueError:  # of no file: it has a character that the system knows no bytes for
        return INVALID_KEY
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, "unknown")
    return None


def _read_blocks(file: BinaryIO, left: int | None) -> Iterator[bytes]:
    while True:
        with working_in_store():
            block = file.read(BLOCK_BYTES if left is None else min(BLOCK_BYTES, left))
        if not block:
            return
        left = None if left is None else left - len(block)
        yield block


def _expiry(expires_in_s: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=expires_in_s)


def _missing() -> ObjectMissingError:
    return ObjectMissingError("An object that should be in the store is not there.")
