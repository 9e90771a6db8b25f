"""One stage of one job: its languages side by side, each failing alone, errors recorded once.

A stage raises only when nothing is left to do or the fault is not a language's; everything else it lost is told
in the job's records, in the asset's metadata and by a failed check. While it is open the job shows a heartbeat; a job
that was cancelled stops it, and so does the loss of the hold on the job. What is away for a while is waited for: by the
one language that met it, or by the whole stage where it met it itself.
"""

import threading
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Never, TypeVar

import dagster as dg
import structlog

from dub_assets.checks import EVERY_LANGUAGE
from dub_assets.heartbeat import keep_beating
from dub_assets.parking import OutageOverError, Outages, Tally
from dub_assets.rerun import narrow
from dub_assets.retries import UNEXPECTED, Try, log_frames
from dub_assets.turns import ATTEMPT_TAG, Turn, begin_turn
from dub_assets.waiting import SHOW_EVERY_S, Waiting
from dubbing.errors import (
    DatabaseUnavailableError,
    DiskFullError,
    DubbingError,
    JobBusyError,
    ToolMissingError,
    WeightsError,
    build_error,
)
from dubbing.jobs import LanguageState, WaitingOn, measure_progress
from dubbing.launching import ended_by_cancel
from resources.container import Container
from resources.database.connection import UnitOfWork
from resources.database.job_lock import JobLock
from resources.media.ffmpeg import stop_running_ffmpeg
from resources.purchasing.orders import Order
from resources.telemetry.context import ContextPool
from resources.telemetry.logs import saying
from resources.telemetry.tracing import span

logger = structlog.stdlib.get_logger()

Made = TypeVar("Made")
Report = Callable[[float], None]
"""Called by the work of a language with the share of it that is done, 0-1."""


NO_LANGUAGES_FAULT = (DatabaseUnavailableError, DiskFullError, ToolMissingError, WeightsError)
"""Errors of the machine: every language would meet them, so they end the stage and no language is blamed alone."""


STOP_POLL_S = 0.1
"""Time between two looks at whether stopped work has ended, seconds."""


class _StoppedError(Exception):
    """Ends work when the whole stage is to end."""


@dataclass
class Stage:
    """A stage at work on a job."""

    job_id: uuid.UUID
    container: Container
    state: LanguageState
    log: dg.DagsterLogManager
    lock: JobLock
    turn: Turn = field(default_factory=Turn)
    tally: Tally = field(default_factory=Tally)
    failures: dict[str, DubbingError] = field(default_factory=dict)
    lost_before: dict[str, DubbingError] = field(default_factory=dict)
    is_called_off: bool = False
    _stopping: threading.Event = field(default_factory=threading.Event)
    _outages: Outages = field(init=False)
    _waiting: Waiting = field(init=False)

    def __post_init__(self) -> None:
        self._outages = Outages(self.container, self.tally)
        self._waiting = Waiting(self.container.database, self.job_id)

    def list_languages(self) -> list[str]:
        """The languages to work on: those that have not ended, of a finished job that is run again those delivered.

        Of these the ones that the run was started for, if it was for some only.
        """
        with self.container.database.transaction() as tx:
            return narrow(tx.jobs.list_active_languages(self.job_id), self.turn.languages)

    def beat(self) -> None:
        """Show that the job is worked on, and stop the work if the job was cancelled or is not held any more.

        Raises:
            JobBusyError: it is not held any more.
        """
        try:
            self.lock.check()
        except JobBusyError:
            self._stop()
            raise
        with self.container.database.transaction() as tx:
            tx.jobs.beat(self.job_id)
            self._heed(tx)

    def report(self, languages: Collection[str], share_done: float) -> None:
        """Show where languages stand; the place where work that is to stop stops."""
        with self._waiting.being_cleared(languages), self.container.database.transaction() as tx:
            self._heed(tx)
            self.check_wanted()
            for language in languages:
                tx.jobs.advance(self.job_id, language, self.state, measure_progress(self.state, share_done))

    def check_wanted(self) -> None:
        """Go on, unless the stage is to end."""
        if self._stopping.is_set():
            raise _StoppedError

    def build_order(self, language: str | None = None) -> Order:
        """Buy for the job, or for one of its languages."""
        return Order(self.job_id, language, partial(self._pause, language), partial(self._waiting.working, language))

    def run_languages(
        self, languages: Collection[str], work: Callable[[str, Report], Made], *, workers: int | None = None
    ) -> dict[str, Made]:
        """Work on the languages that are not lost, some at a time.

        Args:
            workers: how many at a time; as many as the settings say where not given.

        Raises:
            dagster.Failure: none came through.
            DubbingError: one of `NO_LANGUAGES_FAULT`; the others are stopped.
        """
        active = [language for language in self.list_languages() if language in languages]
        workers = max(workers or 0, self.container.settings.language_workers)
        if len(active) > workers:
            with self.container.database.transaction() as tx:
                tx.jobs.hold(self.job_id, active[workers:], WaitingOn.QUEUE)
        with ContextPool(workers, "language") as pool:
            running = [pool.submit(self._run_language_aloud, language, work) for language in active]
            try:
                results = [future.result() for future in running]
            except BaseException:
                self._end(running)
                raise
        self._list_lost_before()
        made = {language: result for language, result in zip(active, results, strict=True) if result is not None}
        if not made:
            lost = {**self.lost_before, **self.failures}
            told = {**self.describe_failures(), "code": _choose_code(lost.values())}
            raise dg.Failure("No language is left to work on.", metadata=told, allow_retries=False)
        return made

    def describe_failures(self) -> dict[str, str]:
        """What each language died of that was lost here."""
        return _describe(self.failures)

    def check_languages(self) -> dg.AssetCheckResult:
        """The check that shows a lost language in Dagster's own pages, wherever it was lost."""
        lost = _describe({**self.lost_before, **self.failures})
        return dg.AssetCheckResult(check_name=EVERY_LANGUAGE, passed=not lost, metadata=dict(lost))

    def sit_out(self, fault: DubbingError) -> None:
        """Wait for what is away, if that is what ended the work of the whole stage, which has ended.

        Raises:
            OutageOverError: it is back.
        """
        self._stopping.clear()
        self.beat()  # what stopped the work meanwhile stops the wait too
        if self._outages.sit_out(fault, partial(self._pause, None)):
            raise OutageOverError

    def _list_lost_before(self) -> None:
        """Learn which languages were lost before this stage; while it is open, for it may have to be tried again."""
        with self.container.database.transaction() as tx:
            tasks = tx.jobs.list_languages(self.job_id)
        self.lost_before = {
            task.language: build_error(task.error_code or DubbingError.code, task.error_message or UNEXPECTED)
            for task in tasks
            if task.state == LanguageState.FAILED and task.language not in self.failures
        }

    def _pause(self, language: str | None, waiting_on: WaitingOn | None, seconds: float) -> None:
        """Wait, and show for what; a stage that is to end ends here."""
        until = monotonic() + seconds
        while True:
            self.check_wanted()
            if waiting_on is not None:
                self._waiting.show(language, waiting_on)
            left_s = until - monotonic()
            self._stopping.wait(min(max(left_s, 0.0), SHOW_EVERY_S))
            if left_s <= SHOW_EVERY_S:
                break
        self.check_wanted()

    def _heed(self, tx: UnitOfWork) -> None:
        self.is_called_off = not self.turn.is_rerun and ended_by_cancel(tx.jobs.list_states_by_end(self.job_id))
        if self.is_called_off:
            self._stop()

    def _stop(self) -> None:
        self._stopping.set()
        stop_running_ffmpeg()

    def _end(self, running: Collection[Future[Made | None]]) -> None:
        """Stop the work of all languages and wait for its end; an ffmpeg begun meanwhile is stopped too."""
        self._stop()
        for future in running:
            future.cancel()
        while wait(running, STOP_POLL_S).not_done:
            stop_running_ffmpeg()

    def _run_language_aloud(self, language: str, work: Callable[[str, Report], Made]) -> Made | None:
        with saying(language=language):
            return self._run_language(language, work)

    def _run_language(self, language: str, work: Callable[[str, Report], Made]) -> Made | None:
        try:
            while True:
                try:
                    with span("language", attributes={"language": language, "stage": self.state.value}):
                        self.report([language], 0.0)
                        return work(language, lambda share_done: self.report([language], share_done))
                except DubbingError as error:
                    # The others go on: only this one's work broke, and it is found again as far as it was kept.
                    if not self._outages.sit_out(error, partial(self._pause, language)):
                        raise
        except (*NO_LANGUAGES_FAULT, _StoppedError):
            raise
        except DubbingError as error:
            self._lose(language, error)
        except Exception:  # noqa: BLE001 - one language's defect must not cost the others their dubs
            log_frames(self.log, f"An unexpected error in {language}")
            self._lose(language, DubbingError(UNEXPECTED))
        return None

    def _lose(self, language: str, error: DubbingError) -> None:
        self.check_wanted()  # what breaks because it was stopped is nobody's failure
        self.failures[language] = error
        with saying(language=language, error_code=error.code):
            self.log.warning("%s failed in %s: %s %s", language, self.state.value, error.code, error.message)
        with self.container.database.transaction() as tx:
            tx.jobs.fail_language(self.job_id, language, self.state.value, error)


@contextmanager
def open_stage(context: dg.AssetExecutionContext, container: Container, state: LanguageState) -> Iterator[Stage]:
    """Hold the job while a stage works on it, and decide what becomes of it after an error.

    Raises:
        dagster.RetryRequested, dagster.Failure: what an error came to; see `Try.judging_errors`. A failure too
            where it is another run's turn.
        dagster.DagsterExecutionInterruptedError: the job was cancelled; its run ends as cancelled too.
    """
    with saying(
        job=context.partition_key,
        stage=state.value,
        attempt=context.run.tags.get(ATTEMPT_TAG),
        run_id=context.run.run_id,
    ):
        began_s = monotonic()
        logger.info("stage.began", tries=context.retry_number + 1)
        try:
            with _hold_stage(context, container, state) as stage:
                yield stage
        except BaseException:
            logger.info("stage.ended", outcome="broken", seconds=monotonic() - began_s)
            raise
        logger.info("stage.ended", outcome="ok", seconds=monotonic() - began_s)


@contextmanager
def _hold_stage(context: dg.AssetExecutionContext, container: Container, state: LanguageState) -> Iterator[Stage]:
    job_id = uuid.UUID(context.partition_key)
    patience_s = container.settings.outage_patience_minutes * 60
    this_try = Try(job_id, state.value, context.retry_number, container.database, context.log, patience_s)
    with (
        this_try.judging_errors(),
        span(f"stage {state.value}", attributes={"job": str(job_id), "stage": state.value}),
        container.database.lock_job(context.partition_key) as lock,
    ):
        with container.database.transaction() as tx:
            turn = begin_turn(tx, job_id, context.run)
            tx.purchases.close_abandoned(job_id)
        stage = Stage(job_id, container, state, context.log, lock, turn, this_try.tally)
        try:
            with keep_beating(stage.beat):
                try:
                    stage.check_wanted()
                    yield stage
                except DatabaseUnavailableError:
                    raise
                except DubbingError as error:
                    stage.sit_out(error)
                    raise
        except DatabaseUnavailableError:
            raise
        except Exception:
            # What broke because the job was cancelled, or is not ours any more, must not be taken for a failure.
            stage.beat()
            if stage.is_called_off:
                _end_cancelled(context)
            raise


def _end_cancelled(context: dg.AssetExecutionContext) -> Never:
    """End the run as Dagster ends one that is cancelled from its own pages."""
    context.log.info("The job was cancelled; its work is stopped.")
    context.instance.report_run_canceling(context.run)
    raise dg.DagsterExecutionInterruptedError from None  # what broke meanwhile may hold a customer's words


def _describe(errors: Mapping[str, DubbingError]) -> dict[str, str]:
    return {language: f"{error.code}: {error.message}" for language, error in errors.items()}


def _choose_code(errors: Iterable[DubbingError]) -> str:
    """Choose one code of several errors: of one that may pass, if there is any."""
    chosen = max(errors, key=lambda error: error.retryable, default=DubbingError(UNEXPECTED))
    return chosen.code


def tabulate(rows: Mapping[str, Mapping[str, str | int | float]]) -> dg.TableMetadataValue:
    """Show one row a language in Dagster's pages; a figure that a language lacks stays empty."""
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    return dg.MetadataValue.table(
        [
            dg.TableRecord({"language": language, **{name: _shorten(row.get(name, "")) for name in names}})
            for language, row in sorted(rows.items())
        ]
    )


def _shorten(figure: str | int | float) -> str | int | float:
    return round(figure, 3) if isinstance(figure, float) else figure
