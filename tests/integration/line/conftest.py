"""A line to run jobs on: the real database, Dagster, store and ffmpeg with small scripted engines."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from pydantic import SecretStr
from tenacity import wait_none

from dub_assets.definitions import build_definitions
from dub_assets.instance import open_instance
from dub_assets.source import report_job
from dub_assets.turns import ATTEMPT_TAG
from resources.container import Container
from resources.database.connection import Database
from resources.database.embedded import PostgresAddress
from resources.intake import JobRequest
from resources.media.ffmpeg import find_ffmpeg
from resources.settings import Settings
from tests.support.audio import encode, make_noise
from tests.support.engines import MarkingTranslator, ScriptedRecognizer, ToneSynthesizer, make_words
from tests.support.postgres import fresh_database
from vendor_emulator.server import VendorEmulator

if TYPE_CHECKING:
    from tests.integration.line.cloud import CloudLine

USER = uuid.UUID(int=7)
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class Line:
    """A job's way through the stages, as the product runs it."""

    container: Container
    instance: dg.DagsterInstance
    recording: Path
    recognizer: ScriptedRecognizer
    translator: MarkingTranslator
    synthesizer: ToneSynthesizer

    @property
    def database(self) -> Database:
        return self.container.database

    def submit(self, *languages: str) -> uuid.UUID:
        job = self.container.intake.submit(JobRequest(USER, languages, "en"), self.recording)
        with self.database.transaction() as tx:
            upload = tx.uploads.get_of_job(job.job_id)
        report_job(self.instance, job.job_id, upload, self.container.store.locate(upload.storage_key))
        return job.job_id

    def run(
        self, job_id: uuid.UUID, selection: list[str] | None = None, *, by_hand: bool = False
    ) -> dg.ExecuteInProcessResult:
        """Run a job for its present attempt as the sensor would have it run, or as somebody does by hand."""
        with self.database.transaction() as tx:
            tags = {} if by_hand else {ATTEMPT_TAG: str(tx.jobs.get(job_id).attempt)}
        job = build_definitions(self.container).resolve_job_def("dub")
        return job.execute_in_process(
            instance=self.instance,
            partition_key=str(job_id),
            raise_on_error=False,
            run_config=QUIET,
            tags=tags,
            asset_selection=[dg.AssetKey(name) for name in selection] if selection else None,
        )

    def states(self, job_id: uuid.UUID) -> dict[str, str]:
        with self.database.transaction() as tx:
            return {task.language: task.state for task in tx.jobs.list_languages(job_id)}


@pytest.fixture(autouse=True)
def _retries_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dub_assets.retries.RETRIES", dg.RetryPolicy(max_retries=2))


@pytest.fixture(scope="module")
def databases(postgres: PostgresAddress, product_template: str, dagster_template: str) -> Iterator[tuple[str, str]]:
    with (
        fresh_database(postgres, product_template) as product,
        fresh_database(postgres, dagster_template) as dagster,
    ):
        yield postgres.url(product, driver="postgresql"), postgres.url(dagster, driver="postgresql")


@pytest.fixture
def build_line(tmp_path: Path, databases: tuple[str, str]) -> Iterator[Callable[..., Line]]:
    opened: list[Line] = []

    def build(languages: tuple[str, ...] = ("es", "pt-BR")) -> Line:
        words = (
            *make_words("One small step for all of us.", start_ms=1000),
            *make_words("And then a long walk home.", start_ms=6000),
        )
        recording = encode(find_ffmpeg(), make_noise(12_000, 16_000), 16_000, tmp_path / "scene.wav")
        engines = (
            ScriptedRecognizer(words, 12_000),
            MarkingTranslator(languages),
            ToneSynthesizer(languages),
        )
        settings = Settings(
            data_dir=tmp_path / "data",
            cache_dir=tmp_path / "cache",
            recognise_again="off",
            database_url=SecretStr(databases[0]),
            dagster_database_url=SecretStr(databases[1]),
        )
        container = Container(
            settings, overrides=dict(zip(("recognizer", "translator", "synthesizer"), engines, strict=True))
        )
        line = Line(container, open_instance(container), recording, *engines)
        opened.append(line)
        return line

    yield build
    for line in opened:
        line.instance.dispose()
        line.container.close()


@pytest.fixture(scope="module")
def vendors() -> Iterator[VendorEmulator]:
    with VendorEmulator() as emulator:
        yield emulator


@pytest.fixture
def line(
    tmp_path: Path,
    databases: tuple[str, str],
    vendors: VendorEmulator,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> "Iterator[CloudLine]":
    """The line with the vendors' engines, without the waits between tries."""
    from tests.integration.line.cloud import open_cloud_line  # which needs what is above

    monkeypatch.setattr("resources.purchasing.patience._backoff", wait_none())
    monkeypatch.setattr("dubbing.circuits.THRESHOLD", 1000)
    with open_cloud_line(tmp_path, databases, vendors, request.node.name) as line:
        yield line
