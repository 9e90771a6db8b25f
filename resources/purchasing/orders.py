"""For whom something is bought, and how its work waits."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from dubbing.jobs import WaitingOn

Pause = Callable[[WaitingOn | None, float], None]
"""Waits so many seconds and shows for what, if at all; raises at once when the work is to end."""


@dataclass(frozen=True, slots=True)
class Order:
    """Who buys.

    Attributes:
        language: of the job; None for what all its languages share.
        pause: how to wait.
        working: opened around a call that is under way: whatever else waits, there is work going on.
    """

    job_id: uuid.UUID
    language: str | None
    pause: Pause
    working: Callable[[], AbstractContextManager[None]] = nullcontext
