"""`dubline dub`: the whole line on one recording, run on Dagster in this process."""

import signal
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import Any, Never

from rich.console import Console

from cli.delivery import deliver, open_output_folder
from cli.engines import ENGINE_SETTINGS, uses_vendors
from cli.exit_codes import EXIT_CODES, INTERRUPTED, SOME_LANGUAGES_FAILED
from cli.glossary_file import read_glossary
from cli.progress import show_progress
from cli.report import print_report
from cli.speaking import has_level
from dubbing.delivery import Delivery
from dubbing.errors import DatabaseUnavailableError, DubbingError, FileMissingError, JobBusyError, build_error
from dubbing.jobs import DELIVERED_STATES, FINAL_JOB_STATES, JobState
from dubbing.languages import name_language
from resources.container import Container
from resources.database.connection import Database
from resources.identity.caller import LOCAL_USER_ID
from resources.intake import JobRequest
from resources.settings import Engine, Settings, load_settings
from resources.telemetry.tracing import flush_spans, span, start_tracing
from resources.workspaces import sweep_workspaces

QUIET_RUN: Mapping[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""What becomes of the job the command says itself."""

NO_WISHES: Mapping[str, Any] = MappingProxyType({})


def run_dub(
    file: Path,
    targets: Sequence[str],
    out: Path,
    source: str | None,
    *,
    engine: Engine | None = None,
    glossary: Path | None = None,
    wishes: Mapping[str, Any] = NO_WISHES,
) -> int:
    """Dub a file into a folder and return the exit code.

    Args:
        engine: who recognises, translates and speaks; as the settings say if left out.
        glossary: JSON file of terms.
        wishes: what is to be delivered, as `dubbing.delivery.Delivery` names it; None is as the settings say.

    Raises:
        DubbingError: the input or the machine is at fault; nothing half-made is left.
    """
    console = Console()
    if not file.is_file():
        raise FileMissingError(f"There is no file {file.name}; check the path.")
    terms = read_glossary(glossary) if glossary is not None else ()
    sweep_workspaces()
    with (
        _terminating_as_interrupt(),
        Container(load_settings(outage_patience_minutes=0, **_choose_engines(engine))) as container,
        _traced(container.settings),
    ):
        delivery = plan_delivery(wishes, container.settings)
        request = JobRequest(LOCAL_USER_ID, targets, source, glossary=terms, delivery=delivery)
        for language in container.intake.plan(request).targets:
            if (quality := container.intake.get_quality(language)) != "standard":
                console.print(f"{name_language(language)} ({language}) is {quality} here; listen before you publish.")
        with open_output_folder(out) as folder:
            container.budget.release_ended(container.database)  # of those that were killed; no sensor may be running
            console.print(f"Inspecting {file.name}", highlight=False)
            job = container.intake.submit(request, file.absolute())
            if job.resumed:
                console.print("Going on with the job that was interrupted.")
            try:
                with show_progress(container.database, job.job_id, console):
                    _run_on_dagster(container, job.job_id)
            except KeyboardInterrupt:
                _put_back(container.database, job.job_id)
                console.print("Interrupted. The same command goes on from here.")
                return INTERRUPTED
            finally:
                container.budget.release_ended(container.database)
            _raise_error_of(container.database, job.job_id)
            deliver(container, job.job_id, folder)
            print_report(container.database, job.job_id, folder, console, shows_cost=uses_vendors(container.settings))
        return _get_exit_code(container.database, job.job_id)


@contextmanager
def _traced(settings: Settings) -> Iterator[None]:
    start_tracing(settings, "cli")
    try:
        with span("dub"):
            yield
    finally:
        flush_spans()


def plan_delivery(wishes: Mapping[str, Any], settings: Settings) -> Delivery:
    """Complete what was asked for with what the settings say."""
    given = {name: wish for name, wish in wishes.items() if wish}
    if "formats" in given:
        given["formats"] = tuple(dict.fromkeys(given["formats"]))
    return Delivery(**{"bed": settings.bed, "loudness": settings.loudness} | given)


def _choose_engines(engine: Engine | None) -> Mapping[str, Engine]:
    return {} if engine is None else dict.fromkeys(ENGINE_SETTINGS, engine)


def _run_on_dagster(container: Container, job_id: uuid.UUID) -> None:
    from dub_assets.console import log_as_we_do
    from dub_assets.definitions import build_definitions
    from dub_assets.instance import open_instance
    from dub_assets.source import report_job

    log_as_we_do()
    with open_instance(container) as instance:
        with container.database.transaction() as tx:
            upload = tx.uploads.get_of_job(job_id)
        report_job(instance, job_id, upload, container.store.locate(upload.storage_key))
        line = build_definitions(container).resolve_job_def("dub")
        result = line.execute_in_process(
            instance=instance,
            partition_key=str(job_id),
            raise_on_error=False,
            run_config={} if has_level(container.settings) else QUIET_RUN,
        )
    if not result.success:
        failures = [event.step_failure_data for event in result.all_events if event.is_step_failure]
        broken = {failure.error.cls_name for failure in failures if failure.error and failure.error.cls_name}
        told = [failure.user_failure_data.metadata for failure in failures if failure.user_failure_data]
        codes = {str(metadata["code"].value) for metadata in told if "code" in metadata}
        _end_broken(container.database, job_id, broken, codes)


def _end_broken(database: Database, job_id: uuid.UUID, broken: set[str], codes: set[str]) -> None:
    """Tell a fault that leaves the job for another try from one that ended it without saying so itself.

    Args:
        broken: names of the exceptions that ended steps.
        codes: of the errors of ours that did.

    Raises:
        KeyboardInterrupt: Ctrl-C, which Dagster has taken for a failure of the stage.
        JobBusyError, DatabaseUnavailableError: the job is as it was.
    """
    if broken & {"DagsterExecutionInterruptedError", "KeyboardInterrupt"}:
        raise KeyboardInterrupt
    if JobBusyError.code in codes:
        raise JobBusyError("Another process works on this job right now; wait for it to finish.")
    with database.transaction() as tx:
        if tx.jobs.get(job_id).state in FINAL_JOB_STATES:
            return
        if DatabaseUnavailableError.code in codes:
            raise DatabaseUnavailableError("The database went away; run the same command again.")
        unexpected = DubbingError("Something unexpected happened; the run in Dagster has the place.")
        tx.jobs.fail_job(job_id, "run", unexpected)


def _put_back(database: Database, job_id: uuid.UUID) -> None:
    with database.transaction() as tx:
        tx.jobs.requeue(job_id)
        tx.balances.release(job_id)


def _raise_error_of(database: Database, job_id: uuid.UUID) -> None:
    """Raise the error that ended the whole job, if one did: then there is nothing to deliver."""
    with database.transaction() as tx:
        job = tx.jobs.get(job_id)
    if job.state == JobState.FAILED and job.error_code is not None:
        raise build_error(job.error_code, job.error_message or "")


def _get_exit_code(database: Database, job_id: uuid.UUID) -> int:
    with database.transaction() as tx:
        languages = tx.jobs.list_languages(job_id)
    if all(task.state in DELIVERED_STATES for task in languages):
        return 0
    if any(task.state in DELIVERED_STATES for task in languages):
        return SOME_LANGUAGES_FAILED
    return EXIT_CODES[languages[0].error_code or "internal"]


@contextmanager
def _terminating_as_interrupt() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C, so that a stopped service leaves the same clean state."""

    def interrupt(_signal: int, _frame: FrameType | None) -> Never:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
