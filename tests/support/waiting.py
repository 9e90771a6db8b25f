"""Waiting for a condition with a deadline, instead of sleeping and hoping."""

import time
from collections.abc import Callable

DEADLINE_S = 30.0


def wait_for(
    condition: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S, *, pause_s: float = 0.01
) -> None:
    """Wait for a condition that another process brings about; fails when it does not come.

    Args:
        pause_s: between two looks; longer where a look costs the other process something.
    """
    deadline = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {deadline_s:.0f} s in vain for {what}")
        time.sleep(pause_s)
