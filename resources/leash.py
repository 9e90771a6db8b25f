"""Children that die with us: the kernel's parent-death signal, even after ``kill -9``."""

import os
import subprocess
from functools import lru_cache
from typing import Literal

_IF_STILL_OURS = 'test "$PPID" = "$0" && exec "$@"'
"""Shell: become the command, unless we died before the leash was on, of which the kernel would say nothing."""


def find_leash(signal_name: Literal["KILL", "TERM"]) -> tuple[str, ...]:
    """Find the words before a command that make the kernel signal it when we die; none where that is not offered.

    ``setpriv`` does it after the fork, in a program of its own; a ``preexec_fn`` can deadlock beside our threads.
    Start such a child from a thread that lives as long as the child is to: the signal comes when the thread ends.
    """
    leash = ("setpriv", "--pdeathsig", signal_name)
    return (*leash, "sh", "-c", _IF_STILL_OURS, str(os.getpid())) if _runs(leash) else ()


@lru_cache
def _runs(leash: tuple[str, ...]) -> bool:
    try:
        subprocess.run([*leash, "true"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True
