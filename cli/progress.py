"""Live progress of a job, read from the tables as any client would read it."""

import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from resources.database.connection import Database
from resources.database.tables import LanguageTask

POLL_S = 0.25


@contextmanager
def show_progress(database: Database, job_id: uuid.UUID, console: Console) -> Iterator[None]:
    """Show every language's stage and percentage until the context ends; lines instead of bars without a terminal."""
    display = _Bars(console) if console.is_terminal else _Lines(console)
    over = threading.Event()

    def follow() -> None:
        while not over.wait(POLL_S):
            display.update(_read(database, job_id))

    follower = threading.Thread(target=follow, name="progress", daemon=True)
    with display:
        follower.start()
        try:
            yield
        finally:
            over.set()
            follower.join()
            display.update(_read(database, job_id))


def _read(database: Database, job_id: uuid.UUID) -> Sequence[LanguageTask]:
    with database.transaction() as tx:
        return tx.jobs.list_languages(job_id)


class _Bars:
    """A bar for each language."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description:8}"),
            BarColumn(bar_width=32),
            TaskProgressColumn(),
            TextColumn("{task.fields[state]:14}"),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=console)
        self._bars: dict[str, TaskID] = {}

    def __enter__(self) -> None:
        self._progress.start()

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, tasks: Sequence[LanguageTask]) -> None:
        for task in tasks:
            if task.language not in self._bars:
                self._bars[task.language] = self._progress.add_task(task.language, total=100, state="")
            self._progress.update(self._bars[task.language], completed=task.progress, state=task.state)


class _Lines:
    """A line whenever a language enters another stage."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._states: dict[str, str] = {}

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def update(self, tasks: Sequence[LanguageTask]) -> None:
        for task in tasks:
            if self._states.get(task.language) != task.state:
                self._states[task.language] = task.state
                self._console.print(f"{task.language}: {task.state} ({task.progress} %)", highlight=False)
