"""Runs another program under limits of memory and time; it is started as a program of its own.

What reads a hostile header may be made to run away, and is then ended by the kernel. The limits are set between our
process and that program: a ``preexec_fn`` could deadlock beside our threads. It imports nothing of ours, so that it
starts in a hundredth of a second.

Usage: python confined.py PROGRAM ARGUMENT...
"""

import os
import resource
import sys

CANNOT_RUN = 127
"""Exit code where the program is not there or may not be run, as shells have it."""

LIMITS = {
    resource.RLIMIT_AS: 2 * 1024**3,
    resource.RLIMIT_CPU: 30,
    resource.RLIMIT_CORE: 0,
}
"""Memory, bytes; time at work, seconds; and no image of a customer's content on our disk."""


def main() -> int:
    """Become the program; returns only where that fails."""
    for kind, most in LIMITS.items():
        _, allowed = resource.getrlimit(kind)
        limit = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
        resource.setrlimit(kind, (limit, limit))
    try:
        os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606  no shell is what we want
    except OSError:
        return CANNOT_RUN


if __name__ == "__main__":
    sys.exit(main())
