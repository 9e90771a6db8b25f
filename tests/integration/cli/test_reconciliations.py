"""`dubline reconcile` and `dubline reconciliations`, on the real database."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.exit_codes import INVOICE_DIFFERS
from cli.main import app
from dubbing.errors import FileMissingError, InputError, NotFoundError
from resources.database.connection import Database
from resources.database.embedded import PostgresAddress
from tests.integration.invoicing.desk import Books, open_books, write_file, write_line
from tests.integration.vendors.conftest import vendor_emulator
from vendor_emulator.server import VendorEmulator

__all__ = ["vendor_emulator"]

MARCH = ("--from", "2026-03-01", "--to", "2026-04-01")

Command = Callable[..., Result]


@pytest.fixture
def books(database: Database) -> Books:
    books = open_books(database)
    books.vendor = "deepgram"
    return books


@pytest.fixture
def dubline(postgres: PostgresAddress, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command on that database."""
    url = database.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    for name, value in {
        "DUBLINE_DATABASE_URL": url,
        "DUBLINE_DAGSTER_DATABASE_URL": url,
        "DUBLINE_DATA_DIR": str(tmp_path),
        "COLUMNS": "300",
    }.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def read(result: Result) -> Any:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout)


def test_an_invoice_is_rehearsed_compared_listed_and_shown(books: Books, dubline: Command, tmp_path: Path) -> None:
    doubt = books.doubt("d", characters=50)
    books.add_call("a", 300)
    file = tmp_path / "invoice.csv"
    file.write_bytes(write_file(write_line("a", 400), write_line("d", 150), write_line("x", 7, characters=9)).read())
    rehearsed = dubline("reconcile", "deepgram", str(file), *MARCH, "--dry-run")
    assert (rehearsed.exit_code, "Nothing was written." in rehearsed.stdout) == (INVOICE_DIFFERS, True)
    assert read(dubline("reconciliations", "list", "--json")) == []
    done = dubline("reconcile", "deepgram", str(file), *MARCH, "--json")
    assert done.exit_code == INVOICE_DIFFERS
    reply = read(done)
    assert (reply["variance_usd_micros"], reply["doubts_ended"], reply["agrees"]) == (107, 1, False)
    assert sorted((item["outcome"], item["request_id"]) for item in reply["items"]) == [
        ("different", "a"),
        ("doubt_billed", "d"),
        ("missing_in_ledger", "x"),
    ]
    assert books.get_call(doubt).cost_usd_micros == 150
    (listed,) = read(dubline("reconciliations", "list", "--json"))
    assert listed["id"] == reply["id"]
    shown = dubline("reconciliations", "show", reply["id"])
    assert shown.exit_code == INVOICE_DIFFERS
    for word in ("+$0.000107", "doubt billed", str(doubt), "they differ", "3: 1 matched, 1 different"):
        assert word in shown.stdout
    assert "differs" in dubline("reconciliations", "list").stdout
    assert isinstance(dubline("reconcile", "deepgram", str(file), *MARCH).exception, InputError)
    assert dubline("reconcile", "deepgram", str(file), *MARCH, "--again").exit_code == INVOICE_DIFFERS


def test_the_emulators_invoice_needs_no_file_and_no_span(
    dubline: Command, vendor_emulator: VendorEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor_emulator.reset()
    monkeypatch.setenv("DUBLINE_OPENAI_URL", vendor_emulator.openai_url)
    done = dubline("reconcile", "openai", "--emulator")
    assert (done.exit_code, "they agree" in done.stdout) == (0, True), done.exception


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (("deepgram", *MARCH), InputError),
        (("deepgram", "nowhere.csv"), InputError),
        (("deepgram", "nowhere.csv", *MARCH), FileMissingError),
        (("deepgram", "nowhere.csv", "--emulator"), InputError),
    ],
)
def test_what_cannot_be_compared_is_said(dubline: Command, arguments: tuple[str, ...], kind: type[Exception]) -> None:
    assert isinstance(dubline("reconcile", *arguments).exception, kind)


def test_a_comparison_that_there_is_not_is_not_found(dubline: Command) -> None:
    missing = dubline("reconciliations", "show", "11111111-1111-4111-8111-111111111111")
    assert isinstance(missing.exception, NotFoundError)
    assert dubline("reconcile", "acme", "x.csv").exit_code == 2
