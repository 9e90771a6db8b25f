"""Which vendors are still worth asking for a language: what their faults come to."""

from collections import defaultdict

from dubbing.errors import (
    OutcomeUnknownError,
    RateLimitedError,
    VendorAuthError,
    VendorError,
    VendorQuotaError,
    VendorUnavailableError,
)

CLOSED = (VendorAuthError, VendorQuotaError)
"""The account takes nothing more from us: every line would meet this."""

NO_ANSWER = (VendorUnavailableError, OutcomeUnknownError, RateLimitedError)
"""No answer after all the trying that was worthwhile: the vendor's trouble, or this line's alone."""

LINES_UNTIL_GIVEN_UP = 2
"""A vendor fails in its own way on one line at times; on a second one it is not the line."""


class Standing:
    """What one language met at each vendor.

    A vendor is given up when its account is closed to us (`CLOSED`), when it leaves a second line without an answer
    (`NO_ANSWER`), or when it left one so and no other was of use either. It is never asked again for the language
    in the same run. Before that, a line that it does not answer is a matter of that line alone.

    Threads may share it: nothing is ever taken back.
    """

    def __init__(self) -> None:
        self.given_up: set[str] = set()
        self._useful: set[str] = set()
        self._unanswered: defaultdict[str, set[int]] = defaultdict(set)
        self._errors: dict[str, VendorError] = {}

    def record_success(self, vendor: str) -> None:
        """A line was read."""
        self._useful.add(vendor)

    def record_fault(self, vendor: str, number: int, error: VendorError) -> None:
        """A line met one of `CLOSED` or `NO_ANSWER`."""
        self._errors[vendor] = error
        self._unanswered[vendor].add(number)
        if isinstance(error, CLOSED) or len(self._unanswered[vendor]) >= LINES_UNTIL_GIVEN_UP:
            self.given_up.add(vendor)

    def conclude(self) -> None:
        """Every line was asked for: give up whoever failed and was of no use at all."""
        self.given_up |= self._errors.keys() - self._useful

    def get_error(self, vendor: str) -> VendorError:
        """Return what a vendor failed with last."""
        return self._errors[vendor]
