"""How many requests a vendor works on at once: counting them, and turning away those beyond."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from vendor_emulator.exchanges import Operation, Vendor

DEFAULT_LIMITS: dict[tuple[Vendor, Operation], int] = {
    ("deepgram", "recognize"): 100,
    ("deepgram", "synthesize"): 15,
    ("elevenlabs", "synthesize"): 10,
}
"""Requests at once: Deepgram's for a project, ElevenLabs' for the plan Pro. What is not here has no limit."""


class TooManyError(Exception):
    """One request more than the vendor takes."""


@dataclass(slots=True)
class Count:
    """Requests of one kind.

    Attributes:
        current: being worked on now.
        highest: most that ever were at once.
        total: taken in; those refused are not among them.
        refused: turned away by the limit.
    """

    current: int = 0
    highest: int = 0
    total: int = 0
    refused: int = 0


class Limits:
    """Limits and counts by vendor and operation."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Take up the vendors' own limits, and count from nothing; requests still in work are counted no more."""
        with self._lock:
            self._limits = dict(DEFAULT_LIMITS)
            self._counts: dict[tuple[Vendor, Operation], Count] = defaultdict(Count)

    def set(self, vendor: Vendor, operation: Operation, limit: int | None) -> None:
        """Take so many at once from now on; None is without limit."""
        with self._lock:
            self._limits.pop((vendor, operation), None)
            if limit is not None:
                self._limits[vendor, operation] = limit

    @contextmanager
    def entered(self, vendor: Vendor, operation: Operation) -> Iterator[None]:
        """Count a request in, and out again.

        Raises:
            TooManyError: it is one too many.
        """
        with self._lock:
            count = self._counts[vendor, operation]
            limit = self._limits.get((vendor, operation))
            if limit is not None and count.current >= limit:
                count.refused += 1
                raise TooManyError
            count.current += 1
            count.total += 1
            count.highest = max(count.highest, count.current)
        try:
            yield
        finally:
            with self._lock:
                count.current -= 1

    def measure(self, vendor: Vendor, operation: Operation) -> tuple[int, int | None]:
        """Give how many are worked on now, and how many there may be."""
        with self._lock:
            return self._counts[vendor, operation].current, self._limits.get((vendor, operation))

    def describe(self) -> dict[str, dict[str, dict[str, int]]]:
        """Give the counts, by vendor and then by operation."""
        described: dict[str, dict[str, dict[str, int]]] = {}
        with self._lock:
            for (vendor, operation), count in self._counts.items():
                described.setdefault(vendor, {})[operation] = asdict(count)
        return described
