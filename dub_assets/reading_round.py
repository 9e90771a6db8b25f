"""A round of reading: every line of a language by the voices of one cast, some lines at once."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import as_completed
from dataclasses import dataclass, replace
from time import monotonic

from dub_assets.casting import Company
from dub_assets.stage import Report, Stage
from dubbing.engines import Voice
from dubbing.errors import DubbingError, SynthesisError, VendorRejectedError, VendorReplyError
from dubbing.jobs import WaitingOn
from dubbing.standing import CLOSED, NO_ANSWER, Standing
from resources.database.tables import Take
from resources.purchasing.orders import Order, Pause
from resources.telemetry.context import ContextPool

A_LINES_FAULT = (SynthesisError, VendorReplyError, VendorRejectedError)
"""Errors that another line need not meet."""

A_VENDORS_FAULT = (*CLOSED, *NO_ANSWER)
"""Errors that other lines may meet too; `Standing` says what they come to."""

LONGEST_PAUSE_S = 0.25
"""A wait is cut into pieces of this length at most, seconds, so that a round that is over ends soon."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A take of a line, and how it was asked for."""

    take: Take
    voice: Voice
    speed: float


@dataclass(frozen=True, slots=True)
class Lost:
    """A line that nobody could read."""

    error: DubbingError


Readings = Mapping[int, Reading | Lost]
"""By the number of the line."""

Buy = Callable[[Order, int, Voice], Reading]
"""Has a line read by a voice."""


class RecastError(Exception):
    """A vendor that the cast has voices of was given up; the whole language needs other voices."""

    def __init__(self, vendor: str) -> None:
        super().__init__(vendor)
        self.vendor = vendor


class _RoundOverError(Exception):
    """Ends the readings of a round that was given up."""


class Round:
    """The readings of a language by one cast.

    A line is read by its speaker's voice, and where that cannot, by the understudy; the one that an earlier run heard
    is asked first. The voice that a person chose for a line comes before all others. Nobody is asked whose vendor was
    given up. When that is a vendor of the cast, the round is over.

    Args:
        speakers: by the number of the line.
        heard: name of the voice that read a line in an earlier run, by its number.
        chosen: the voice that a person chose for a line alone, by its number.
    """

    def __init__(
        self,
        stage: Stage,
        language: str,
        company: Company,
        standing: Standing,
        speakers: Mapping[int, str],
        heard: Mapping[int, str],
        buy: Buy,
        chosen: Mapping[int, Voice],
    ) -> None:
        self._stage = stage
        self._language = language
        self._company = company
        self._standing = standing
        self._speakers = speakers
        self._heard = heard
        self._buy = buy
        self._chosen = chosen
        self._over = threading.Event()
        order = stage.build_order(language)
        self._order = replace(order, pause=self._guard(order.pause))

    def run(self, report: Report) -> Readings:
        """Read the lines.

        Raises:
            RecastError: no further line is begun, and no other goes on waiting.
        """
        readings: dict[int, Reading | Lost] = {}

        def begin(number: int) -> Reading | Lost:
            report(
                len(readings) / len(self._speakers)
            )  # before each line: nothing is read for a job that is called off
            return self._read(number)

        with ContextPool(self._stage.container.synthesizer.max_parallel, "reading") as pool:
            running = {pool.submit(begin, number): number for number in self._speakers}
            try:
                for future in as_completed(running):
                    number, reading = running[future], future.result()
                    if isinstance(reading, Reading):
                        self._company.confirm(self._speakers[number], reading.voice)
                    readings[number] = reading
            except BaseException:
                self._over.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        self._standing.conclude()
        self._check_cast()
        return readings

    def _read(self, number: int) -> Reading | Lost:
        """Have one line read by the first voice that can."""
        first: DubbingError | None = None
        for voice in self._list_readers(number):
            self._order.pause(None, 0.0)  # ends here what is to end
            self._check_cast()
            if voice.vendor in self._standing.given_up:
                continue
            try:
                reading = self._buy(self._order, number, voice)
            except A_LINES_FAULT as error:
                first = first or error
                self._stage.log.warning("Line %d of %s: %s", number, self._language, error.message)
            except A_VENDORS_FAULT as error:
                first = first or error
                self._stage.log.warning("Line %d of %s: %s", number, self._language, error.message)
                self._standing.record_fault(voice.vendor, number, error)
                self._check_cast()
            else:
                self._standing.record_success(voice.vendor)
                return reading
        return Lost(first or SynthesisError("No voice reads this line; run the job again later."))

    def _list_readers(self, number: int) -> list[Voice]:
        readers = self._company.list_readers(self._speakers[number])
        if (chosen := self._chosen.get(number)) is not None:
            return [chosen, *(voice for voice in readers if voice != chosen)]
        return sorted(readers, key=lambda voice: voice.name != self._heard.get(number))

    def _check_cast(self) -> None:
        """Go on, unless somebody of the cast cannot."""
        for vendor in sorted(self._company.vendors & self._standing.given_up):
            raise RecastError(vendor)

    def _guard(self, pause: Pause) -> Pause:
        """Let a wait end when the round is over."""

        def wait(waiting_on: WaitingOn | None, seconds: float) -> None:
            end = monotonic() + seconds
            while True:
                if self._over.is_set():
                    raise _RoundOverError
                pause(waiting_on, min(LONGEST_PAUSE_S, max(0.0, end - monotonic())))
                if monotonic() >= end:
                    return

        return wait
