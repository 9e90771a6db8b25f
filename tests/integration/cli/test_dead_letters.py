"""`dubline dead-letters`, on the real database."""

import json
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from cli.main import app
from dubbing.errors import DubbingError, InputError, SynthesisError, VendorQuotaError
from resources.container import Container
from resources.database.connection import Database
from resources.database.embedded import PostgresAddress
from resources.database.tables import DeadLetter
from resources.settings import load_settings
from tests.support.engines import MarkingTranslator, ScriptedRecognizer, ToneSynthesizer, make_words
from tests.support.jobs import add_job
from tests.support.postgres import fresh_database

Command = Callable[..., Result]


@pytest.fixture
def url(postgres: PostgresAddress, product_template: str) -> Iterator[str]:
    with fresh_database(postgres, product_template) as name:
        yield postgres.url(name, driver="postgresql")


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def dead_letters(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run the command on that database, with engines that need no weights."""
    for name, value in {
        "DUBLINE_DATABASE_URL": url,
        "DUBLINE_DAGSTER_DATABASE_URL": url,
        "DUBLINE_DATA_DIR": str(tmp_path),
        "COLUMNS": "300",
    }.items():
        monkeypatch.setenv(name, value)
    engines = {
        "recognizer": ScriptedRecognizer(make_words("One small step.", start_ms=0), 1_000),
        "translator": MarkingTranslator(("es", "pt-BR")),
        "synthesizer": ToneSynthesizer(("es", "pt-BR")),
    }
    monkeypatch.setattr("cli.letter_work.Container", lambda settings: Container(settings, overrides=engines))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["dead-letters", *arguments])

    return run


def fail(database: Database, error: DubbingError, language: str = "es") -> tuple[uuid.UUID, str]:
    """Add a job of one language that failed; its id and its letter's."""
    job_id = add_job(database, [language])
    with Container(load_settings()) as container, tempfile.NamedTemporaryFile() as file:
        container.store.put(f"sources/{job_id}", Path(file.name))
    with database.transaction() as tx:
        tx.jobs.fail_language(job_id, language, "synthesizing", error)
        return job_id, str(tx.session.scalars(select(DeadLetter.id).where(DeadLetter.job_id == job_id)).one())


def read(result: Result) -> Any:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout)


def test_letters_are_listed_shown_priced_replayed_and_discarded(database: Database, dead_letters: Command) -> None:
    job_id, letter_id = fail(database, VendorQuotaError("The account is used up; add credit."))
    _, other_id = fail(database, SynthesisError("No voice answers."))
    listed = dead_letters("list")
    assert all(word in listed.stdout for word in (letter_id, other_id, "vendor_quota", str(job_id), "$0.0000"))
    assert [each["id"] for each in read(dead_letters("list", "--code", "vendor_quota", "--json"))] == [letter_id]
    assert "The account is used up" in dead_letters("show", letter_id).stdout
    assert read(dead_letters("show", letter_id, "--json"))["languages"] == ["es"]

    dry = dead_letters("replay", letter_id, "--dry-run")
    assert "synthesize 1 lines es at local: $0.0000" in dry.stdout
    assert read(dead_letters("list", "--state", "replaying", "--json")) == []

    done = read(dead_letters("replay", "--all", "--json", "--since", "2h", "--code", "vendor_quota"))
    assert (done["letters"], done["begun"], done["refused"]) == (1, 1, 0)
    with database.transaction() as tx:
        assert (tx.jobs.get(job_id).state, tx.jobs.get(job_id).attempt) == ("queued", 2)

    assert dead_letters("discard", other_id, "--reason", "It was a test.").exit_code == 0
    assert {each["state"] for each in read(dead_letters("list", "--all", "--json"))} == {"replaying", "discarded"}


def test_a_bulk_replay_in_which_one_cannot_be_replayed_exits_with_a_code_of_its_own(
    database: Database, dead_letters: Command
) -> None:
    job_id, letter_id = fail(database, SynthesisError("No voice answers."))
    _, other_id = fail(database, SynthesisError("No voice answers."))
    with database.lock_job(str(job_id)):
        result = dead_letters("replay", "--stage", "synthesizing", "--json")
    assert result.exit_code == 4
    became = {each["letter_id"]: each["error"] and each["error"]["code"] for each in read(result)["items"]}
    assert became == {letter_id: "job_busy", other_id: None}


@pytest.mark.parametrize(
    "arguments",
    [
        ["replay"],
        ["replay", str(uuid.UUID(int=1)), "--all"],
        ["replay", "--since", "yesterday"],
        ["list", "--since", "2h", "--from", "2026-01-01"],
        ["discard", str(uuid.UUID(int=1)), "--reason", " "],
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(dead_letters: Command, arguments: list[str]) -> None:
    assert isinstance(dead_letters(*arguments).exception, InputError)
