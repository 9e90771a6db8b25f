"""Giving a file once: the first transfer takes the claim, and only that transfer can be taken up again, for a while."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

from api.downloads.ranges import parse_range
from dubbing.errors import DownloadGoneError, NotFoundError, ObjectMissingError
from resources.container import Container
from resources.database.tables import ArtifactRow, Download, DubbingJob

GONE = "This address was used, or what it leads to has expired; ask for a new one."


@dataclass(frozen=True, slots=True)
class FileOnOffer:
    """A file that a token leads to.

    Attributes:
        name: name for people under which it is saved.
    """

    download: Download
    artifact: ArtifactRow
    name: str

    @property
    def etag(self) -> str:
        """Names the bytes."""
        return f'"{self.artifact.sha256}"'


@dataclass(slots=True)
class Transfer:
    """Bytes on their way to a client, from ``start`` up to, not including, ``end``. Close it, however it ends."""

    container: Container
    offer: FileOnOffer
    start: int
    end: int
    blocks: Iterator[bytes]
    opened: ExitStack
    sent_bytes: int = 0

    @property
    def is_partial(self) -> bool:
        """Whether it is less than the whole file."""
        return self.end - self.start < self.offer.artifact.size_bytes

    def send(self) -> Iterator[bytes]:
        """Give block after block; one counts as sent when the next is asked for."""
        for block in self.blocks:
            yield block
            self.sent_bytes += len(block)

    def close(self) -> None:
        """Let go of the store, and lease what is missing to the next transfer; after the last byte there is none."""
        self.opened.close()
        reached = self.start + self.sent_bytes
        is_whole = reached >= self.offer.artifact.size_bytes
        lease = timedelta(0) if is_whole else timedelta(seconds=self.container.settings.download_lease_seconds)
        with self.container.database.transaction() as tx:
            tx.downloads.record_end(self.offer.download.id, reached, lease)


def digest_token(token: str) -> str:
    """Name a token without giving it away."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_gone(artifact: ArtifactRow, job: DubbingJob) -> bool:
    """Tell whether an artifact is not to be had any more: expired, erased, or about to be, as somebody asked."""
    is_erased = artifact.erased_at is not None or job.deletion_requested_at is not None
    return is_erased or artifact.expires_at <= datetime.now(UTC)


def find_offer(container: Container, token: str) -> FileOnOffer:
    """Find what a token leads to, without taking it.

    Raises:
        NotFoundError: no such token.
        DownloadGoneError: expired, or taken and its lease over; or what it leads to is gone.
    """
    with container.database.transaction() as tx:
        found = tx.downloads.find(digest_token(token))
        if found is None:
            raise NotFoundError("There is no such download.")
        download, artifact = found
        source, job = tx.uploads.get_of_job(artifact.job_id), tx.jobs.get(artifact.job_id)
    now = datetime.now(UTC)
    lease_is_over = download.lease_until is not None and download.lease_until <= now
    if download.expires_at <= now or lease_is_over or is_gone(artifact, job):
        raise DownloadGoneError(GONE)
    return FileOnOffer(download, artifact, build_file_name(source.file_name, artifact))


def begin_transfer(container: Container, token: str, range_header: str | None, if_range: str | None) -> Transfer:
    """Take a token, or take up the transfer that took it.

    An untaken token is taken by the first who asks. A transfer that broke off goes on once for each time it broke,
    from a byte that it reached, while its lease lasts. The store is opened first: a fault there costs nobody their
    download.

    Raises:
        NotFoundError: no such token.
        DownloadGoneError: taken, or expired.
        RangeNotSatisfiableError: the range begins behind the end.
        StorageError: the store failed; the token is not taken.
    """
    offer = find_offer(container, token)
    size_bytes = offer.artifact.size_bytes
    asked = parse_range(range_header, size_bytes) if if_range in {None, offer.etag} else None
    start, end = asked or (0, size_bytes)
    with ExitStack() as stack:
        try:
            blocks = stack.enter_context(container.store.read(offer.artifact.storage_key, start=start, end=end))
        except ObjectMissingError:
            find_offer(container, token)  # gone since it was found: erased, which is no fault of the store
            raise
        with container.database.transaction() as tx:
            if not tx.downloads.take(offer.download.id) and not tx.downloads.take_up_again(offer.download.id, start):
                raise DownloadGoneError(GONE)
        return Transfer(container, offer, start, end, blocks, stack.pop_all())


def build_file_name(source_name: str, artifact: ArtifactRow) -> str:
    """Name a file after the recording it was made from.

    >>> build_file_name("talk.final.wav", ArtifactRow(path="pt-BR/captions.srt", language="pt-BR"))
    'talk.final.pt-BR.captions.srt'
    """
    made = PurePosixPath(artifact.path)
    stem = PurePosixPath(source_name.replace("/", "_")).stem
    return ".".join(filter(None, [stem, artifact.language, made.name]))
