"""Something done every few seconds beside the work, for as long as it lasts, however long one call takes."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context

from sqlalchemy.exc import SQLAlchemyError

from dubbing.errors import DubbingError

BEAT_S = 2.0
"""Time between two beats, seconds: the product promises one every five, and a beat may have to wait for Postgres."""


@contextmanager
def keep_beating(beat: Callable[[], None]) -> Iterator[None]:
    """Beat once before the block, then again and again until its end, beside it.

    A beat that fails is left out, after the first: the work itself meets a database that is gone.

    Raises:
        DatabaseUnavailableError: the first beat failed.
    """
    beat()
    ended = threading.Event()

    def keep_on() -> None:
        while not ended.wait(BEAT_S):
            with suppress(DubbingError, SQLAlchemyError):
                beat()

    # A daemon, so that it never keeps a process alive whose work is over.
    thread = threading.Thread(target=copy_context().run, args=(keep_on,), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(BEAT_S)
