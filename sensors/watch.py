"""How long the sensors have been looking without a break: what happened before that is nobody's fault."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

LONGEST_BREAK = timedelta(seconds=50)
"""Between two looks; after a longer one, as a suspended machine has it, looking begins anew. Shorter than the silence
that a run is given up for, by more than a live one needs to show itself; and long enough for a machine that is so busy
that Dagster's round of five seconds takes half a minute."""


@dataclass
class Watch:
    """Kept by the process that evaluates sensors, and lost with it: then looking begins anew, which only delays.

    Attributes:
        clock: seconds that go on while the machine is suspended.
    """

    clock: Callable[[], float] = time.time
    _begun_s: float | None = field(default=None, init=False)
    _last_s: float = field(default=0.0, init=False)

    def look(self) -> timedelta:
        """Take a look, and say for how long there has been no break."""
        now_s = self.clock()
        if self._begun_s is None or not 0 <= now_s - self._last_s <= LONGEST_BREAK.total_seconds():
            self._begun_s = now_s
        self._last_s = now_s
        return timedelta(seconds=now_s - self._begun_s)

    def break_off(self) -> None:
        """Begin anew with the next look: nothing could be seen."""
        self._begun_s = None
