"""What the service stands on, each asked for an answer; none of them is waited for longer than is worth it."""

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from api.health.schemas import Check, Checks, DaemonCheck, DiskCheck
from dubbing.errors import DatabaseUnavailableError, DiskFullError, DubbingError, StorageError
from resources.container import Container
from resources.database.signs_of_life import Sign, find_sign

PATIENCE_S = 2.0
"""How long an answer may take, seconds: those who ask for readiness look every few."""

READINESS_KEY = "health/readiness"
"""An object that need not be there: asking for it proves that the store answers."""

MIN_FREE_MB = 100
"""Below this nothing can be worked on: a minute of recording takes 20 MB while it is dubbed, a database breathes in
files of 16."""

DAEMON_SILENCE = timedelta(seconds=60)
"""Without a sign of life for so long the daemon is down; it shows one every ten seconds at least."""

NO_SIGN = "daemon_silent"

Answer = TypeVar("Answer", bound=Check)


class Probes:
    """The questions of one process.

    At most one of a kind is under way: where something hangs, whoever asks next waits for the answer to the question
    that was asked before, and no more threads are lost to it.
    """

    def __init__(self, container: Container) -> None:
        self._container = container
        self._asked: dict[str, Future[Any]] = {}

    async def run(self) -> Checks:
        """Ask everything at once."""
        database, store, disk, daemon = await asyncio.gather(
            self._ask(self._ask_database, Check(ok=False, error_code=DatabaseUnavailableError.code)),
            self._ask(self._ask_store, Check(ok=False, error_code=StorageError.code)),
            self._ask(self._ask_disk, DiskCheck(ok=False, error_code=DiskFullError.code)),
            self._ask(self._ask_daemon, DaemonCheck(ok=False, error_code=NO_SIGN)),
        )
        return Checks(database=database, store=store, disk=disk, daemon=daemon)

    async def _ask(self, question: Callable[[], Answer], no_answer: Answer) -> Answer:
        """Ask, and take no answer for a bad one."""
        name = question.__name__
        asked = self._asked.get(name)
        if asked is None or asked.done():
            asked = self._asked[name] = _ask_in_thread(question)
        try:
            # Shielded: an answer that comes late is for whoever asks next.
            answer: Answer = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(asked)), PATIENCE_S)
        except DubbingError as error:
            return no_answer.model_copy(update={"error_code": error.code})
        except Exception:  # noqa: BLE001 - whatever it is, it does not answer; its words may hold an address
            return no_answer
        return answer

    def _ask_database(self) -> Check:
        self._container.database.ping()
        return Check(ok=True)

    def _ask_store(self) -> Check:
        self._container.store.find_info(READINESS_KEY)
        return Check(ok=True)

    def _ask_disk(self) -> DiskCheck:
        folders = (self._container.settings.data_dir, Path(tempfile.gettempdir()))
        free_mb = min(shutil.disk_usage(folder).free for folder in folders if folder.is_dir()) // 1_000_000
        has_room = free_mb >= MIN_FREE_MB
        return DiskCheck(ok=has_room, error_code=None if has_room else DiskFullError.code, free_mb=free_mb)

    def _ask_daemon(self) -> DaemonCheck:
        seen_at, now = find_sign(self._container.database, Sign.DAEMON)
        lives = seen_at is not None and now - seen_at <= DAEMON_SILENCE
        return DaemonCheck(ok=lives, error_code=None if lives else NO_SIGN, seen_at=seen_at)


def _ask_in_thread(question: Callable[[], Answer]) -> Future[Answer]:
    """Ask beside everything else, in a thread that keeps no process from ending."""
    asked: Future[Answer] = Future()

    def ask() -> None:
        try:
            asked.set_result(question())
        except Exception as error:  # noqa: BLE001 - raised again where the answer is awaited
            asked.set_exception(error)

    threading.Thread(target=ask, name="readiness", daemon=True).start()
    return asked
