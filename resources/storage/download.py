"""Downloads by a signed address: to a temporary file, in blocks, checked while they are read.

An address is a secret: neither a message nor the chain of an error carries it.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import IO

import httpx
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from dubbing.errors import ObjectMissingError, StorageError
from resources.storage.disk import writing_to_disk
from resources.workspaces import open_workspace

ATTEMPTS = 4
"""A transfer that breaks off is taken up again this often, less one."""

FIRST_PAUSE_S = 0.5
"""Before the second attempt; doubles with each one."""

TIMEOUT = httpx.Timeout(30.0, connect=10.0)
"""For each read, not for the whole: a recording of hours takes as long as it takes."""

logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it writes every address that it asks

_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-\d{1,19}/(\d{1,19}|\*)")


class _BrokenOffError(Exception):
    """The transfer failed in a way that another attempt may mend; says how."""


def is_missing(status: int, body: bytes) -> bool:
    """Whether an answer says that there is no such object; ``body`` is at most its first 4 KB."""
    return status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


@contextmanager
def download(
    url: str,
    *,
    sha256: str | None = None,
    size_bytes: int | None = None,
    is_missing: Callable[[int, bytes], bool] = is_missing,
    first_pause_s: float = FIRST_PAUSE_S,
) -> Iterator[Path]:
    """Give the object behind a signed address as a temporary file for as long as the context lasts.

    Redirects are not followed. A transfer that breaks off goes on where it stopped if the server still has the
    same bytes, else from the start.

    Args:
        sha256: hex digest that the bytes must have.
        size_bytes: length that they must have; not a byte more is written.
        is_missing: reads a refusal; for a store that has its own way of saying that there is no object.
        first_pause_s: pause before the second attempt, doubled with each one after it.

    Raises:
        ObjectMissingError: there is none.
        StorageError: the store failed or refused, or the bytes are others; nothing is left behind.
        DiskFullError: no space for the file.
    """
    with open_workspace("download") as folder, (folder / "object.part").open("w+b") as file:
        transfer = _Transfer(url, file, size_bytes, is_missing)
        with writing_to_disk(), httpx.Client(timeout=TIMEOUT, follow_redirects=False) as client:
            _fetch(transfer, client, first_pause_s)
            file.flush()
        transfer.check(sha256)
        yield Path(file.name)


def _fetch(transfer: "_Transfer", client: httpx.Client, pause_s: float) -> None:
    attempts = Retrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(multiplier=pause_s),
        reraise=True,
    )
    try:
        attempts(transfer.run, client)
    except (httpx.HTTPError, httpx.InvalidURL, _BrokenOffError) as error:
        reason = str(error) if isinstance(error, _BrokenOffError) else type(error).__name__
        raise StorageError(f"The store broke off a download ({reason}); try again later.") from None


def _may_pass(error: BaseException) -> bool:
    is_fault = isinstance(error, httpx.HTTPError | _BrokenOffError)
    return is_fault and not isinstance(error, httpx.UnsupportedProtocol)


class _Transfer:
    """What has arrived so far, over all attempts."""

    def __init__(
        self, url: str, file: IO[bytes], size_bytes: int | None, is_missing: Callable[[int, bytes], bool]
    ) -> None:
        self._url = url
        self._file = file
        self._size_bytes = size_bytes
        self._is_missing = is_missing
        self._start_again()

    def _start_again(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._sha256 = hashlib.sha256()
        self._received = 0
        self._etag = ""

    def run(self, client: httpx.Client) -> None:
        """Ask for what is missing, and write it.

        Raises:
            _BrokenOffError, httpx.HTTPError: another attempt may help.
            ObjectMissingError, StorageError: none would.
        """
        headers = {"Accept-Encoding": "identity"}
        if self._received and self._etag:
            headers |= {"Range": f"bytes={self._received}-", "If-Range": self._etag}
        with client.stream("GET", self._url, headers=headers) as response:
            total = self._read_head(response)
            for block in response.iter_raw():  # as they arrive: what is gathered into larger ones is lost in a break
                self._write(block, total)
        if total is not None and self._received != total:
            raise _BrokenOffError("it ended early")

    def _read_head(self, response: httpx.Response) -> int | None:
        """Learn the length of the whole object, where the answer tells it."""
        if response.status_code == HTTPStatus.PARTIAL_CONTENT:
            found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
            if found is None or not self._received or int(found[1]) != self._received:
                self._start_again()
                raise _BrokenOffError("the range is another one")
            return self._size_bytes if found[2] == "*" else int(found[2])
        if response.status_code != HTTPStatus.OK:
            self._refuse(response)
        self._start_again()
        if response.headers.get("content-encoding", "identity") != "identity":
            raise StorageError("The store sent a download compressed, which nobody asked for.")
        etag = response.headers.get("etag", "")
        self._etag = etag if etag.startswith('"') else ""
        length = response.headers.get("content-length", "")
        return int(length) if length.isdecimal() else self._size_bytes

    def _refuse(self, response: httpx.Response) -> None:
        status = response.status_code
        body = next(response.iter_raw(4096), b"")
        if self._is_missing(status, body):
            raise ObjectMissingError("An object that should be in the store is not there.")
        if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _BrokenOffError(f"status {status}")
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            self._start_again()
            raise _BrokenOffError("the range is gone")
        raise StorageError(f"The store refused a download (status {status}).")

    def _write(self, block: bytes, total: int | None) -> None:
        self._received += len(block)
        limit = self._size_bytes if self._size_bytes is not None else total
        if limit is not None and self._received > limit:
            raise StorageError("The store sent more bytes than the object has.")
        self._sha256.update(block)
        self._file.write(block)

    def check(self, sha256: str | None) -> None:
        """Compare what arrived with what was expected.

        Raises:
            StorageError: the bytes are others.
        """
        if self._size_bytes is not None and self._received != self._size_bytes:
            raise StorageError("An object in the store has another length than expected.")
        if sha256 is not None and self._sha256.hexdigest() != sha256.lower():
            raise StorageError("An object in the store has other bytes than expected.")
