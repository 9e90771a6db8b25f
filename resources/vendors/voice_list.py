"""The list of a vendor's voices: fetched seldom, shared by every process, and kept when the vendor is away."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from dubbing.errors import VendorError, VendorUnavailableError

RawVoices = list[dict[str, Any]]
"""As the vendor's adapter keeps them; JSON."""

Kept = tuple[datetime, RawVoices]
"""When the vendor gave them, and what it gave."""

TTL = timedelta(hours=1)

PAUSE = timedelta(minutes=1)
"""How long a vendor that failed is left alone."""

logger = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class CachedVoiceList:
    """Gives the list from memory, else from the database, else from the vendor.

    Args:
        label: the vendor's name for people.
        load: asks the vendor; raises a `VendorError`.
        read: finds the list that this or another process kept; None if there is none.
        write: keeps a list for every process.
        ttl: after this long the vendor is asked again.
        clock: aware UTC.
    """

    def __init__(
        self,
        label: str,
        load: Callable[[], RawVoices],
        read: Callable[[], Kept | None],
        write: Callable[[RawVoices], None],
        *,
        ttl: timedelta = TTL,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._label = label
        self._load = load
        self._read = read
        self._write = write
        self._ttl = ttl
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: Kept | None = None
        self._failure: VendorError | None = None
        self._ask_again_at: datetime | None = None

    def get(self) -> RawVoices:
        """Return the list; the same object for as long as it has not been fetched anew.

        Raises:
            VendorUnavailableError: the vendor cannot be reached, and no list was ever kept.
            VendorError: the vendor refuses, and no list was ever kept.
            DatabaseUnavailableError: the database cannot be reached.
        """
        kept = self._kept
        if kept is not None and self._is_fresh(kept):
            return kept[1]
        with self._lock:
            return self._renew()

    def _is_fresh(self, kept: Kept) -> bool:
        return self._clock() < kept[0] + self._ttl

    def _renew(self) -> RawVoices:
        if self._ask_again_at is None or self._clock() >= self._ask_again_at:
            self._look_up()
        if self._kept is not None:
            return self._kept[1]
        if self._failure is not None and not self._failure.retryable:
            raise self._failure
        raise VendorUnavailableError(f"The voices of {self._label} cannot be listed now; try again in a moment.")

    def _look_up(self) -> None:
        """Take over what another process kept; ask the vendor where that is too old, or is not there."""
        if self._kept is None or not self._is_fresh(self._kept):
            self._kept = self._read() or self._kept
        if self._kept is not None and self._is_fresh(self._kept):
            return
        try:
            voices = self._load()
        except VendorError as error:
            logger.warning("The voices of %s cannot be listed; those kept are used: %s", self._label, error.code)
            self._failure, self._ask_again_at = error, self._clock() + PAUSE
            return
        self._write(voices)
        self._failure = self._ask_again_at = None
        self._kept = (self._clock(), voices)
