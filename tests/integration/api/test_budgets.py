"""Budgets over HTTP and at the terminal: set by operators, and by nobody else."""

import json
import uuid
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import delete
from typer.testing import CliRunner

from cli.main import app
from dubbing.errors import BudgetExceededError, InputError
from dubbing.spend_limits import Need
from resources.database.money_tables import Balance, BudgetLimit, Hold
from resources.identity.embedded_issuer import EmbeddedIssuer
from tests.support.desk import Desk
from tests.support.jobs import add_job

OPERATOR = uuid.UUID(int=0x0B)
USER = uuid.UUID(int=0x5E4)


@pytest.fixture(scope="module")
def operator(desk: Desk) -> Iterator[httpx.Client]:
    token = EmbeddedIssuer(desk.container.settings.keys_dir).mint(OPERATOR, is_admin=True)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{desk.url}/v1/admin", headers=headers, timeout=30) as client:
        yield client


@pytest.fixture(autouse=True)
def _nothing_set(desk: Desk) -> Iterator[None]:
    yield
    with desk.database.transaction() as tx:
        for table in (Hold, Balance, BudgetLimit):
            tx.session.execute(delete(table))


def hold(desk: Desk, usd_micros: int) -> None:
    job_id = add_job(desk.database, user_id=USER)
    with desk.database.transaction() as tx:
        tx.balances.open_hold(job_id, Need(0, usd_micros))


def test_without_limits_a_budget_still_says_what_is_held(desk: Desk, operator: httpx.Client) -> None:
    hold(desk, 700)
    page = operator.get("/budgets").json()
    for budget, whose in ((page["installation"], None), (page["items"][0], str(USER))):
        assert (budget["user_id"], budget["limit_usd_micros"], budget["left_usd_micros"]) == (whose, None, None)
        assert (budget["held_usd_micros"], budget["spent_usd_micros"]) == (700, 0)


@pytest.mark.parametrize("whose", ["installation", f"users/{USER}"])
def test_a_limit_that_is_set_holds_until_it_is_cleared_and_says_by_whom(
    desk: Desk, operator: httpx.Client, whose: str
) -> None:
    hold(desk, 700)
    budget = operator.put(f"/budgets/{whose}", json={"limit_usd": "0.001"}).raise_for_status().json()
    assert (budget["limit_usd_micros"], budget["left_usd_micros"], budget["set_by"]) == (1000, 300, str(OPERATOR))
    with pytest.raises(BudgetExceededError):
        hold(desk, 301)
    assert operator.put(f"/budgets/{whose}", json={"limit_usd": None}).json()["limit_usd_micros"] is None
    hold(desk, 301)
    assert operator.put(f"/budgets/{whose}", json={"limit_usd": 0}).json()["left_usd_micros"] == -1001
    assert operator.delete(f"/budgets/{whose}").json()["set_by"] is None
    hold(desk, 301)


def test_a_page_of_budgets_leads_to_the_next(desk: Desk, operator: httpx.Client) -> None:
    users = sorted(str(uuid.uuid4()) for _ in range(3))
    for user in users:
        operator.put(f"/budgets/users/{user}", json={"limit_usd": 1}).raise_for_status()
    first = operator.get("/budgets", params={"limit": 2}).json()
    rest = operator.get("/budgets", params={"limit": 2, "after": first["next_after"]}).json()
    assert [each["user_id"] for each in first["items"] + rest["items"]] == users
    assert rest["next_after"] is None


@pytest.mark.parametrize("limit", [-1, "NaN", "much", True])
def test_a_limit_that_is_no_sum_is_refused(operator: httpx.Client, limit: object) -> None:
    reply = operator.put("/budgets/installation", json={"limit_usd": limit})
    assert (reply.status_code, reply.json()["code"]) == (422, "malformed_request")


def test_for_others_there_are_no_budgets(alice: httpx.Client) -> None:
    assert alice.get("/admin/budgets").status_code == 404
    assert alice.put("/admin/budgets/installation", json={"limit_usd": 1}).status_code == 404
    assert alice.delete(f"/admin/budgets/users/{USER}").status_code == 404


def test_budgets_are_set_and_read_at_the_terminal(
    desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in {
        "DUBLINE_DATABASE_URL": database_url,
        "DUBLINE_DAGSTER_DATABASE_URL": database_url,
        "DUBLINE_DATA_DIR": str(desk.container.settings.data_dir),
        "DUBLINE_USER_BUDGET_USD": "2.5",
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(variable, value)

    def dubline(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["budgets", *arguments], catch_exceptions=False)
        assert result.exit_code == 0
        return result.output

    hold(desk, 1_000_000)
    assert "$2.5000" in dubline("list")
    assert "$2.0000" in dubline("set", "--installation", "2")
    assert "none" not in dubline("set", "--user", str(USER), "none")
    told = json.loads(dubline("list", "--json"))
    assert [(each["limit_usd_micros"], each["left_usd_micros"]) for each in told] == [
        (2_000_000, 1_000_000),
        (None, None),
    ]
    assert "settings" in dubline("clear", "--user", str(USER))
    for wrong in (["clear"], ["set", "5"], ["set", "--installation", "--user", str(USER), "5"]):
        with pytest.raises(InputError, match="whose"):
            CliRunner().invoke(app, ["budgets", *wrong], catch_exceptions=False)
    for sum_ in ("lots", "-1", "nan", "0.0000001"):
        with pytest.raises(InputError, match="dollars"):
            CliRunner().invoke(app, ["budgets", "set", "--installation", "--", sum_], catch_exceptions=False)
