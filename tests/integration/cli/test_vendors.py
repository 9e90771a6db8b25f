"""What the commands say of vendors, from the real database."""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from cli.spending import Spending, load_spending
from cli.vendors import VendorLine, describe_circuit, list_vendors
from dubbing.circuits import THRESHOLD
from dubbing.errors import OutcomeUnknownError, VendorUnavailableError
from dubbing.price_sets import parse_file
from dubbing.usage import Price, Receipt
from resources.database.connection import Database
from resources.database.tables import VendorCall
from resources.settings import Settings
from tests.support.jobs import add_job

PAGE = Path(__file__).parents[3] / "docs" / "vendors.md"
PRICES_PAGE = PAGE.with_name("prices.md")
KEY = "a-key-that-nobody-may-see"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,
        data_dir=tmp_path,
        translation_engine="cloud",
        openai_api_key=KEY,
        synthesis_engine="cloud",
        elevenlabs_api_key=KEY,
        elevenlabs_readings=3,
    )


@pytest.fixture(autouse=True)
def _closed_circuits(database: Database) -> Iterator[None]:
    yield
    with database.transaction() as tx:
        for vendor in tx.circuits.list_all():
            tx.circuits.record_success(vendor, began_at=datetime.now(UTC))


def look(settings: Settings, database: Database) -> dict[tuple[str, str], VendorLine]:
    lines = list_vendors(settings, database, datetime.now(UTC))
    return {(line.vendor, line.model): line for line in lines}


def test_every_model_that_may_be_asked_is_there_with_its_price(settings: Settings, database: Database) -> None:
    lines = look(settings, database)
    assert set(lines) == {
        ("deepgram", "nova-3"),
        ("deepgram", "aura-2"),
        ("openai", "gpt-6-luna"),
        ("elevenlabs", "eleven_multilingual_v2"),
        ("elevenlabs", "eleven_flash_v2_5"),
    }
    assert lines["deepgram", "nova-3"].prices == {"ms": Price(7_700, 60_000)}
    assert lines["elevenlabs", "eleven_flash_v2_5"].max_calls == 3


def test_a_vendor_works_where_it_is_chosen_and_has_a_key(settings: Settings, database: Database) -> None:
    lines = look(settings, database)
    assert [name for name, line in lines.items() if line.is_chosen] == [
        ("openai", "gpt-6-luna"),
        ("elevenlabs", "eleven_multilingual_v2"),
        ("elevenlabs", "eleven_flash_v2_5"),
    ]


def test_a_model_without_a_price_is_shown_without_one(settings: Settings, database: Database) -> None:
    line = look(settings.model_copy(update={"openai_model": "gpt-7"}), database)["openai", "gpt-7"]
    assert (line.prices, line.priced_since) == ({}, None)


def test_no_key_is_told(settings: Settings, database: Database) -> None:
    told = json.dumps([asdict(line) for line in look(settings, database).values()])
    assert KEY not in told


def test_a_vendor_that_is_left_alone_is_shown_so_and_the_others_are_not(settings: Settings, database: Database) -> None:
    began_at = datetime.now(UTC)
    with database.transaction() as tx:
        for _ in range(THRESHOLD):
            tx.circuits.record_failure("openai", began_at=began_at)
        tx.circuits.record_failure("elevenlabs", began_at=began_at)
        circuit = tx.circuits.list_all()["openai"]
    lines = look(settings, database)
    assert re.fullmatch(r"open until \d\d:\d\d:\d\d UTC", lines["openai", "gpt-6-luna"].circuit)
    assert lines["elevenlabs", "eleven_flash_v2_5"].circuit == "closed, failures in a row: 1"
    assert lines["deepgram", "nova-3"].circuit == "closed"
    assert describe_circuit(circuit, datetime.now(UTC) + timedelta(hours=1)) == "open, the next call tries"


def test_the_statements_of_the_pages_change_a_price_and_read_the_ledger(database: Database) -> None:
    (file,) = re.findall(r"```csv\n(.*?)```", PRICES_PAGE.read_text(), re.DOTALL)
    (ledger,) = re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
    with database.transaction() as tx:
        tx.prices.add(parse_file(file))
        rows = tx.prices.list_rows(datetime(2027, 1, 1, tzinfo=UTC))
        found = {row.unit: row.usd_micros for row in rows if row.model == "gpt-6-luna"}
        for statement in _list_statements(ledger):
            tx.session.execute(text(statement))
        tx.session.rollback()
    assert found == {
        "input_tokens": 80_000,
        "cached_input_tokens": 8_000,
        "cache_write_tokens": 100_000,
        "output_tokens": 400_000,
    }


def test_a_job_costs_what_its_calls_were_billed_and_doubt_is_counted_apart(database: Database) -> None:
    job_id = add_job(database)
    with database.transaction() as tx:
        for language, cost in ((None, 70), ("es", 500), ("es", 30)):
            call_id = tx.purchases.start_call(_make_call(job_id, language))
            tx.purchases.settle_call(call_id, Receipt({"characters": 1}), cost)
        tx.purchases.doubt_call(tx.purchases.start_call(_make_call(job_id, "es")), OutcomeUnknownError.code)
        tx.purchases.fail_call(tx.purchases.start_call(_make_call(job_id, "de")), VendorUnavailableError.code)
        spending = load_spending(tx, job_id)
    assert spending == {"": Spending(70, 0), "es": Spending(530, 900), "de": Spending(0, 0)}


def _list_statements(script: str) -> list[str]:
    return [part for part in script.split(";\n") if part.strip() not in ("BEGIN", "COMMIT", "")]


def _make_call(job_id: uuid.UUID, language: str | None) -> VendorCall:
    return VendorCall(
        job_id=job_id,
        language=language,
        vendor="openai",
        model="gpt-6-luna",
        operation="translate",
        engine="openai/gpt-6-luna",
        content_key="key",
        usage={},
        estimated_usd_micros=900,
    )
