"""Process groups, and the warden: a program of its own that ends the groups of a supervisor that was killed.

The kernel's parent-death signal (``resources/leash.py``) reaches a service but not the service's own children, the
runs, and a code server told to stop waits for its runs. The warden's standard input is a pipe from the supervisor;
when that closes, however the supervisor ended, whatever is left of its groups is ended. Standard library alone, so
that it is small and starts at once.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

GRACE_S = 10.0
"""How long the groups of a killed supervisor may take to end before they are killed, seconds."""

LOOK_S = 0.05
"""Between two looks at what still runs, seconds."""


def is_group_alive(group: int) -> bool:
    """Whether any process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # what macOS answers for a group of zombies
        return False
    return True


def signal_group(group: int, number: signal.Signals) -> None:
    """Signal every process of a group; nothing happens when none is left."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def end_groups(groups: Iterable[int], grace_s: float = GRACE_S) -> None:
    """Ask all groups to end, and kill what is left of them after a while."""
    left = set(groups)
    for group in left:
        signal_group(group, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while (left := {group for group in left if is_group_alive(group)}) and time.monotonic() < deadline:
        time.sleep(LOOK_S)
    for group in left:
        signal_group(group, signal.SIGKILL)


def main() -> None:
    """Read the groups, one a line, a negative number for one that has ended; at the end of input end the others."""
    groups: set[int] = set()
    for line in sys.stdin:
        number = int(line)
        if number > 0:
            groups.add(number)
        else:
            groups.discard(-number)
    end_groups(groups)


if __name__ == "__main__":
    main()
