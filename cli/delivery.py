"""Results from the store into the folder that the user named."""

import hashlib
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dubbing.errors import OutputNotWritableError, StorageError
from resources.container import Container
from resources.storage.disk import writing_to_disk


@contextmanager
def open_output_folder(out: Path) -> Iterator[Path]:
    """Make the folder and prove that it can be written, before any work; on an error take back what was made.

    Raises:
        OutputNotWritableError: it cannot be made or written.
    """
    folder = out.absolute()
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # without a name where the system can: no kill leaves it
            pass
    except OSError as error:
        _remove_empty(made)
        raise OutputNotWritableError(f"The folder {out} cannot be written; choose another with --out.") from error
    try:
        yield folder
    finally:
        _remove_empty(made)


def deliver(container: Container, job_id: uuid.UUID, folder: Path) -> None:
    """Copy all that a job delivers, each file checked against its hash on the way and appearing whole or not at all.

    Raises:
        StorageError: the store gave other bytes than were put in.
        DiskFullError: no space left in the folder.
    """
    with container.database.transaction() as tx:
        artifacts = tx.views.list_artifacts(job_id)
    for artifact in artifacts:
        target = folder / artifact.path
        with container.store.fetch(artifact.storage_key) as stored, writing_to_disk():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{target.name}.partial")
            try:
                digest = hashlib.sha256()
                with stored.open("rb") as source, partial.open("wb") as copy:
                    while block := source.read(1 << 20):
                        digest.update(block)
                        copy.write(block)
                if digest.hexdigest() != artifact.sha256:
                    raise StorageError(
                        f"The store gave another {artifact.path} than was put into it; run the command again."
                    )
                partial.replace(target)
            finally:
                partial.unlink(missing_ok=True)


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
