"""Waiting for what is away: a store, space on the disk, the database. Work that waits for it loses no try.

Whether something is away is found out by asking it, never concluded from an error. What answers was not away: its error
counts as a try.
"""

import shutil
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_exponential_jitter

from dubbing.errors import DatabaseUnavailableError, DubbingError
from dubbing.jobs import WaitingOn
from dubbing.retry_policy import PARKED_PAUSES_S, Outage, get_rule
from resources.container import Container
from resources.database.connection import Database
from resources.purchasing.orders import Pause
from resources.telemetry.tracing import trace_wait
from resources.workspaces import open_workspace

SPACE_BYTES = 64 << 20
"""Free space from which on a disk is not full, bytes: work that needs more has its ordinary tries to find out."""

PROBE_BYTES = b"dubline"

LONGEST_DATABASE_PAUSE_S = 5.0
"""Longest pause between two looks at the database, seconds: a run is silent while it is away, and one that is silent
for a minute after its return is given up."""

_JITTER_S = 0.5


class OutageOverError(Exception):
    """Ends a try whose work failed for something that was away and is back: it counts as none."""


@dataclass
class Tally:
    """What a step has used up in its run, over all its tries.

    Attributes:
        tries: that failed for anything but an outage.
    """

    tries: int = 0
    _first_outage_at: float | None = field(default=None, init=False)

    def measure_patience_s(self, limit_s: float) -> float:
        """Measure how long the step may still wait; it counts from its first outage on, whatever comes and goes."""
        if self._first_outage_at is None:
            self._first_outage_at = monotonic()
        return limit_s - (monotonic() - self._first_outage_at)


_TALLIES: dict[tuple[uuid.UUID, str], Tally] = {}
"""All tries of a run are in one process, and Dagster lets nothing else of ours live from one to the next."""


def keep_tally(job_id: uuid.UUID, step: str, number: int) -> Tally:
    """Return the tally of a step.

    Args:
        number: of the tries before, as Dagster counts; the first of all begins a tally.
    """
    key = job_id, step
    if number == 0 or key not in _TALLIES:
        _TALLIES[key] = Tally()
    return _TALLIES[key]


@dataclass(frozen=True, slots=True)
class Outages:
    """What may be away while a stage works; from any thread."""

    container: Container
    tally: Tally

    def sit_out(self, fault: DubbingError, pause: Pause) -> bool:
        """Wait for what is away, if that is what an error came of.

        The database is not waited for here: the hold on the job is gone with it.

        Args:
            pause: how to wait, and where it is shown; may raise to end the wait.

        Returns:
            Whether something was away and is back. Else the error counts.
        """
        limit_s = self.container.settings.outage_patience_minutes * 60
        outage = get_rule(fault.code).waits_for
        if outage not in {Outage.STORE, Outage.DISK} or not limit_s or self._is_there(outage):
            return False
        with trace_wait(outage.value):
            return wait_until(
                lambda: self._is_there(outage),
                lambda seconds: pause(WaitingOn(outage.value), seconds),
                self.tally.measure_patience_s(limit_s),
            )

    def _is_there(self, outage: Outage) -> bool:
        return self._has_store() if outage is Outage.STORE else self._has_space()

    def _has_store(self) -> bool:
        """Put a small object into the store, and take it out again."""
        store, key = self.container.store, f"probes/{uuid.uuid4().hex}"
        try:
            with open_workspace("probe") as folder:
                file = folder / "probe"
                file.write_bytes(PROBE_BYTES)
                store.put(key, file)
            return store.find_info(key) is not None
        except (DubbingError, OSError):
            return False
        finally:
            with suppress(DubbingError, OSError):
                store.delete(key)

    def _has_space(self) -> bool:
        settings = self.container.settings
        folders = {Path(tempfile.gettempdir()), settings.data_dir}
        if settings.store == "folder":
            folders.add(settings.store_dir)
        return all(shutil.disk_usage(folder).free >= SPACE_BYTES for folder in folders if folder.exists())


def wait_until(
    is_over: Callable[[], bool],
    pause: Callable[[float], None],
    limit_s: float,
    *,
    longest_s: float = PARKED_PAUSES_S[1],
) -> bool:
    """Look again and again, less often each time, and say whether it was over in the end.

    Args:
        limit_s: how long to wait.
    """
    looks = Retrying(
        retry=retry_if_result(lambda over: not over),
        wait=wait_exponential_jitter(initial=PARKED_PAUSES_S[0], max=longest_s, jitter=_JITTER_S),
        stop=stop_after_delay(limit_s),
        sleep=pause,
        retry_error_callback=lambda _: False,
    )
    return bool(looks(is_over))


def sit_out_database(database: Database, tally: Tally, limit_s: float) -> bool | None:
    """Wait for the database if it is away; nothing can be decided or told without it.

    It cannot be shown, and a cancel cannot be seen meanwhile; ending the run ends the wait.

    Args:
        limit_s: how long the step waits at most; 0 is not at all.

    Returns:
        Whether it is back; None where it was not waited for.
    """
    if not limit_s or is_answering(database):
        return None
    return wait_until(
        lambda: is_answering(database),
        time.sleep,
        tally.measure_patience_s(limit_s),
        longest_s=LONGEST_DATABASE_PAUSE_S,
    )


def is_answering(database: Database) -> bool:
    """Ask the database for an answer."""
    try:
        database.ping()
    except DatabaseUnavailableError:
        return False
    return True
