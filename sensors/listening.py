"""Waiting within an evaluation: Dagster looks every five seconds, Postgres says at once."""

import time
from collections.abc import Callable

from resources.database.connection import Database

LISTEN_S = 5.0
"""Longest wait of one evaluation, seconds. Dagster's daemon makes a round of all sensors every five seconds, whatever
it is told, and the next at once after one that took as long: so somebody listens nearly always. Stopping the daemon
may take as long, too."""


def look_until(database: Database, channel: str, look: Callable[[], bool]) -> None:
    """Look, and look again whenever the channel is heard, until something is found or the time is over.

    Args:
        look: says whether it found what ends the evaluation.

    Raises:
        DatabaseUnavailableError: Postgres cannot be reached, or went away meanwhile.
    """
    deadline = time.monotonic() + LISTEN_S
    # Listening begins before the first look, so that nothing falls between.
    with database.listen(channel) as hear:
        while not look() and (left_s := deadline - time.monotonic()) > 0:
            hear(left_s)
