"""So many pieces of heavy work at once on this machine and no more, over all its processes.

A slot is a file that is locked (``flock``): the kernel gives it back however its holder ends, at once, without a server
that could be away. The files are named by the machine, for machines may share a data folder.
"""

import fcntl
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from urllib.parse import quote

from dubbing.jobs import WaitingOn
from resources.purchasing.orders import Order
from resources.storage.disk import writing_to_disk
from resources.telemetry.tracing import trace_wait

POLL_S = 0.1
"""Time between two looks for a slot, seconds: what waits here takes many."""

QUIET_S = 1.0
"""A wait that is shorter than this is not shown, seconds."""


class MachineSlots:
    """The slots of one kind of work; from any thread.

    Who waits for a slot has the door meanwhile, which everybody passes: so the one that gives a slot back and wants
    another at once does not get it before somebody who waited.

    Args:
        folder: of the files; made if it is not there.
        count: as many at once, > 0. Processes that were started with another count share the slots that both know.

    Raises:
        DiskFullError: there is no room for a file without content.
    """

    def __init__(self, folder: Path, name: str, count: int) -> None:
        folder /= f"on-{quote(platform.node(), safe='')}"
        with writing_to_disk():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._door = folder / f"{name}.door"
        self._slots = tuple(folder / f"{name}.{number}" for number in range(count))

    @contextmanager
    def hold(self, order: Order) -> Iterator[None]:
        """Wait for a slot, and have it for as long as the context lasts."""
        with trace_wait(WaitingOn.MACHINE):
            slot = self._wait(order)
        try:
            with order.working():
                yield
        finally:
            os.close(slot)

    def _wait(self, order: Order) -> int:
        """Return an open file that is locked."""
        since = monotonic()
        door = _take_first((self._door,), order, since)
        try:
            return _take_first(self._slots, order, since)
        finally:
            os.close(door)


def _take_first(files: tuple[Path, ...], order: Order, since: float) -> int:
    """Wait until one of some files is nobody's, and lock it."""
    while True:
        for file in files:
            if (held := _try(file)) is not None:
                return held
        order.pause(WaitingOn.MACHINE if monotonic() - since > QUIET_S else None, POLL_S)


def _try(file: Path) -> int | None:
    """Lock a file, unless somebody has; one descriptor is one holder, in the same process too."""
    with writing_to_disk():
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            return None
        raise
    return descriptor
