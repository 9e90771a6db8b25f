"""Reports of costs, and a user's own usage: over HTTP and by the command, on the real database."""

import csv
import io
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, event, update
from typer.testing import CliRunner, Result

from cli.main import app
from dubbing.jobs import LanguageState
from resources.database.money_tables import Balance, BudgetLimit
from resources.database.tables import DubbingJob
from resources.identity.embedded_issuer import EmbeddedIssuer
from resources.storage.folder import FolderStore
from resources.storage.signing import AddressSigner
from tests.support.billed import DAY, NOON, Ledger
from tests.support.desk import ALICE, BOB, Desk, open_desk
from tests.support.postgres import fresh_database

DONE, FAILED, MIXING = LanguageState.COMPLETED, LanguageState.FAILED, LanguageState.MIXING
SPAN = {"from": "2026-03-01", "to": "2026-03-31"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Desk]:
    postgres = request.getfixturevalue("postgres")
    with fresh_database(postgres) as name:
        url = postgres.url(name, driver="postgresql")
        with open_desk(tmp_path_factory.mktemp("desk"), url, user_budget_usd="2.5") as desk:
            yield desk


@pytest.fixture
def ledger(desk: Desk) -> Iterator[Ledger]:
    ledger = Ledger(desk.database, desk.container.store)
    yield ledger
    ledger.empty()


@pytest.fixture
def operator(desk: Desk) -> Iterator[httpx.Client]:
    token = EmbeddedIssuer(desk.container.settings.keys_dir).mint(uuid.uuid4(), is_admin=True)
    with httpx.Client(base_url=f"{desk.url}/v1/admin", headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


@pytest.fixture
def billed(ledger: Ledger) -> Ledger:
    """Two days that are billed, of Alice and of Bob, and one that is not."""
    alices = ledger.add_job({"es": DONE, "fr": FAILED}, ALICE)
    ledger.add_call(alices, None, 1, vendor="ears")
    ledger.add_call(alices, "es", 20)
    ledger.add_call(alices, "fr", 300)
    ledger.add_call(ledger.add_job({"es": DONE}, BOB), "es", 4000, at=NOON + timedelta(days=1))
    ledger.add_call(alices, "es", 50_000, at=NOON + timedelta(days=2))
    for day in (DAY, DAY + timedelta(days=1)):
        ledger.biller.make(day)
    return ledger


def ask(operator: httpx.Client, **wanted: Any) -> Any:
    return operator.get("/costs", params=SPAN | wanted).raise_for_status().json()


def test_rows_and_total_are_of_the_same_bills_though_one_is_made_meanwhile(
    billed: Ledger, operator: httpx.Client
) -> None:
    reads: list[str] = []

    def bill(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("SELECT") and "FROM billing_daily" in statement:
            reads.append(statement)
            if len(reads) == 1:
                billed.biller.make(DAY + timedelta(days=2))

    event.listen(billed.database.engine, "after_cursor_execute", bill)
    try:
        report = ask(operator)
    finally:
        event.remove(billed.database.engine, "after_cursor_execute", bill)
    assert reads
    assert report["total"]["cost_usd_micros"] == sum(row["cost_usd_micros"] for row in report["rows"])


def test_costs_are_summed_by_what_is_asked_for_and_unbilled_days_are_named(
    billed: Ledger, operator: httpx.Client
) -> None:
    reply = ask(operator)
    days = [(row["day"], row["cost_usd_micros"], row["charged_usd_micros"]) for row in reply["rows"]]
    assert days == [("2026-03-14", 321, 21), ("2026-03-15", 4000, 4000)]
    assert (reply["total"]["cost_usd_micros"], reply["total"]["lost_usd_micros"], reply["total"]["calls"]) == (
        4321,
        300,
        4,
    )
    assert (reply["unbilled_days"], reply["provisional_days"], reply["from"]) == (["2026-03-16"], [], "2026-03-01")
    by_user = ask(operator, group_by="user,language")["rows"]
    assert [(row["user"], row["language"], row["cost_usd_micros"]) for row in by_user] == [
        (str(BOB), "es", 4000),
        (str(ALICE), "fr", 300),
        (str(ALICE), "es", 20),
        (str(ALICE), None, 1),
    ]


@pytest.mark.parametrize("group", ["day", "user", "job", "language", "vendor", "model", "operation"])
def test_the_rows_of_every_report_sum_up_to_its_total(billed: Ledger, operator: httpx.Client, group: str) -> None:
    reply = ask(operator, group_by=group)
    for name, total in reply["total"].items():
        assert sum(row[name] for row in reply["rows"]) == total


def test_rows_beyond_the_limit_are_counted_and_the_total_has_them(billed: Ledger, operator: httpx.Client) -> None:
    reply = ask(operator, group_by="language", limit=1)
    assert [row["language"] for row in reply["rows"]] == ["es"]
    assert (reply["left_out"], reply["total"]["cost_usd_micros"]) == (2, 4321)


@pytest.mark.parametrize("how", [{"params": {"format": "csv"}}, {"headers": {"Accept": "text/csv"}}])
def test_a_report_is_csv_where_that_is_asked_for_and_no_cell_is_a_formula(
    billed: Ledger, operator: httpx.Client, how: Mapping[str, Any]
) -> None:
    job_id = billed.add_job({"es": DONE}, ALICE)
    billed.add_call(job_id, cost=9, vendor="=1+1", at=NOON + timedelta(days=2))
    billed.biller.make(DAY + timedelta(days=2))
    params = SPAN | {"group_by": "vendor"} | dict(how.get("params", {}))
    reply = operator.get("/costs", params=params, headers=how.get("headers"))
    rows = list(csv.DictReader(io.StringIO(reply.text)))
    assert reply.headers["content-type"].startswith("text/csv")
    assert [(row["vendor"], row["cost_usd_micros"]) for row in rows] == [
        ("acme", "54320"),
        ("'=1+1", "9"),
        ("ears", "1"),
    ]
    assert (reply.headers["Dubline-Rows-Left-Out"], reply.headers["Cache-Control"]) == ("0", "no-store")


@pytest.mark.parametrize(
    "wrong",
    [{"group_by": "shoe"}, {"group_by": "day,day"}, {"from": "2026-04-01"}, {"limit": 0}, {"to": "now"}, {"x": "1"}],
)
def test_what_is_no_report_is_refused(operator: httpx.Client, wrong: Mapping[str, Any]) -> None:
    reply = operator.get("/costs", params=SPAN | wrong)
    assert (reply.status_code, reply.json()["code"]) == (422, "malformed_request")


def test_who_is_no_operator_finds_no_costs(desk: Desk) -> None:
    with desk.sign_in(ALICE) as alice:
        assert alice.get("/admin/costs", params=SPAN).status_code == 404


def get_usage(desk: Desk, user_id: uuid.UUID, month: str = "2026-03") -> Any:
    with desk.sign_in(user_id) as client:
        return client.get("/usage", params={"month": month}).raise_for_status().json()


def test_a_user_reads_their_own_month_and_nothing_of_others(desk: Desk, ledger: Ledger) -> None:
    for user_id, states in (
        (ALICE, {"es": DONE, "fr": FAILED}),
        (ALICE, {"es": DONE}),
        (BOB, {"es": DONE, "fr": DONE}),
    ):
        job_id = ledger.add_job(states, user_id)
        with ledger.database.transaction() as tx:
            tx.session.execute(update(DubbingJob).where(DubbingJob.id == job_id).values(created_at=NOON))
            tx.uploads.get_of_job(job_id).duration_ms = 90_000
    with ledger.database.transaction() as tx:
        for owner, held, spent in ((ALICE, 300_000, 1_200_000), (BOB, 7, 8), (None, 300_007, 1_900_000)):
            tx.session.add(Balance(user_id=owner, month=date(2026, 3, 1), held_usd_micros=held, spent_usd_micros=spent))
    assert get_usage(desk, ALICE) == {
        "month": "2026-03",
        "jobs": 2,
        "languages_delivered": 2,
        "dubbed_minutes": 3.0,
        "charged_usd_micros": 1_200_000,
        "held_usd_micros": 300_000,
        "budget_usd_micros": 2_500_000,
        "left_usd_micros": 1_000_000,
    }
    assert get_usage(desk, BOB)["left_usd_micros"] == 2_499_985
    april = get_usage(desk, ALICE, "2026-04")
    assert (april["jobs"], april["languages_delivered"], april["charged_usd_micros"]) == (0, 0, 0)
    with ledger.database.transaction() as tx:
        tx.session.execute(delete(Balance))


@pytest.mark.parametrize("limit", [None, 1_000_000])
def test_the_limit_of_a_user_takes_the_place_of_the_settings(desk: Desk, ledger: Ledger, limit: int | None) -> None:
    ledger.add_job({"es": DONE}, ALICE)
    with ledger.database.transaction() as tx:
        tx.session.add(row := BudgetLimit(user_id=ALICE, limit_usd_micros=limit, set_by="test"))
    usage = get_usage(desk, ALICE)
    assert (usage["budget_usd_micros"], usage["left_usd_micros"]) == (limit, limit)
    with ledger.database.transaction() as tx:
        tx.session.delete(row)


@pytest.mark.parametrize("month", ["2026-13", "1999-01", "now"])
def test_what_is_no_month_is_refused(desk: Desk, month: str) -> None:
    with desk.sign_in(ALICE) as client:
        assert client.get("/usage", params={"month": month}).status_code == 422


@pytest.fixture
def dubline(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    ledger = request.getfixturevalue("ledger")
    url = ledger.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    for name in ("DUBLINE_DATABASE_URL", "DUBLINE_DAGSTER_DATABASE_URL"):
        monkeypatch.setenv(name, url)
    monkeypatch.setenv("DUBLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "300")
    return lambda *arguments: CliRunner().invoke(app, ["costs", *arguments])


def test_the_command_shows_costs_and_makes_bills_when_asked(billed: Ledger, dubline: Callable[..., Result]) -> None:
    span = ("--from", "2026-03-01", "--to", "2026-03-31")
    shown = dubline(*span, "--group-by", "day,vendor")
    assert shown.exit_code == 0
    assert "Not billed yet, and not counted here: 2026-03-16" in shown.output
    assert "$0.004321" in shown.output
    made = json.loads(dubline(*span, "--now", "--json").stdout)
    assert (made["total"]["cost_usd_micros"], made["unbilled_days"], made["from"]) == (54_321, [], "2026-03-01")


def test_the_command_shows_this_month_and_says_that_today_is_provisional(
    ledger: Ledger, dubline: Callable[..., Result]
) -> None:
    now = datetime.now(UTC)
    ledger.add_call(ledger.add_job({"es": DONE}), cost=5, at=now)
    shown = dubline("--now")
    assert f"Provisional, can still change: {now.date()}" in shown.output


def test_the_command_refuses_what_is_no_span(dubline: Callable[..., Result]) -> None:
    refused = dubline("--from", "2026-03-02", "--to", "2026-03-01")
    assert refused.exit_code == 2
    assert "from is after to" in refused.output


def test_exports_made_by_the_command_are_in_the_store_of_the_settings(
    billed: Ledger, dubline: Callable[..., Result], tmp_path: Path
) -> None:
    dubline("--from", "2026-03-01", "--to", "2026-03-31", "--now")
    store = FolderStore(tmp_path / "store", public_url="http://127.0.0.1:1", signer=AddressSigner(tmp_path / "keys"))
    assert {each.key for each in store.list_objects("billing")} == {
        "billing/2026-03-16.parquet",
        "billing/2026-03-16.csv",
    }
