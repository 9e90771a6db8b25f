"""Money at the desk: what is over a budget is refused, however many ask at the same moment."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx
import pytest
from sqlalchemy import func, select

from dubbing.errors import SynthesisError
from dubbing.estimating import JobEstimate, Range
from resources.database.embedded import PostgresAddress
from resources.database.money_tables import Balance, Hold
from resources.database.tables import DubbingJob, VendorCall
from tests.support.desk import ALICE, BOB, Desk, open_desk, submit, upload
from tests.support.postgres import fresh_database

DOLLAR = 1_000_000
WORST, LOWEST = 5 * DOLLAR, 2 * DOLLAR


class FixedEstimator:
    """Thinks that every language costs the same; cannot prove what a real one costs."""

    def estimate(self, tx: object, targets: list[str], duration_ms: int, **_: object) -> JobEstimate:
        each = Range(LOWEST, WORST, "duration")
        return JobEstimate(Range(0, 0, "duration"), dict.fromkeys(targets, each))


@pytest.fixture
def poor(postgres: PostgresAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with money for ten languages."""
    with (
        fresh_database(postgres) as name,
        open_desk(
            tmp_path_factory.mktemp("poor"),
            postgres.url(name, driver="postgresql"),
            estimator=FixedEstimator(),
            installation_budget_usd=Decimal(50),
        ) as desk,
    ):
        yield desk


def get_balances(desk: Desk) -> dict[uuid.UUID | None, tuple[int, int]]:
    with desk.database.transaction() as tx:
        rows = tx.session.scalars(select(Balance)).all()
    return {row.user_id: (row.held_usd_micros, row.spent_usd_micros) for row in rows}


def test_of_a_hundred_submits_at_once_ten_get_the_money_for_ten(poor: Desk, recording: bytes) -> None:
    with poor.sign_in(ALICE) as alice, poor.sign_in(BOB) as bob:
        uploads = {client: upload(client, recording) for client in (alice, bob)}

        def ask(number: int) -> httpx.Response:
            client = (alice, bob)[number % 2]
            return client.post("/jobs", json={"upload_id": uploads[client], "target_languages": ["es"]})

        with ThreadPoolExecutor(100) as pool:
            replies = list(pool.map(ask, range(100)))
        told = [(reply.status_code, reply.json().get("code")) for reply in replies]
        assert told.count((202, None)) == 10
        assert told.count((402, "budget_exceeded")) == 90
        assert len(alice.get("/jobs").json()["items"]) + len(bob.get("/jobs").json()["items"]) == 10
    balances = get_balances(poor)
    assert balances[None] == (50 * DOLLAR, 0)
    assert balances.get(ALICE, (0, 0))[0] + balances.get(BOB, (0, 0))[0] == 50 * DOLLAR
    with poor.database.transaction() as tx:
        assert tx.session.scalar(select(func.sum(Hold.held_usd_micros))) == 50 * DOLLAR
        assert tx.session.scalar(select(func.count()).select_from(DubbingJob)) == 10


def test_a_job_holds_no_more_than_it_may_cost_and_says_so(poor: Desk, recording: bytes) -> None:
    with poor.sign_in(ALICE) as alice:
        job = submit(alice, recording, "es", "fr", max_spend_usd="4.50")
        assert job["max_spend_usd_micros"] == 4_500_000
        assert alice.get(f"/jobs/{job['id']}").json()["max_spend_usd_micros"] == 4_500_000
    assert get_balances(poor) == {ALICE: (4_500_000, 0), None: (4_500_000, 0)}


def test_a_retry_may_be_given_more_to_spend(poor: Desk, recording: bytes) -> None:
    with poor.sign_in(ALICE) as alice:
        job_id = uuid.UUID(submit(alice, recording, "es", max_spend_usd=2)["id"])
        with poor.database.transaction() as tx:
            tx.launches.mark_launched(job_id, 1, "r")
            tx.session.add(spend(job_id, 2 * DOLLAR))
            tx.jobs.fail_job(job_id, "synthesizing", SynthesisError("Lost."))
            tx.launches.mark_ended(job_id, 1)
        reply = alice.post(f"/jobs/{job_id}/retry")
        assert (reply.status_code, reply.json()["code"]) == (402, "spend_limit_too_low")
        reply = alice.post(f"/jobs/{job_id}/retry", json={"max_spend_usd": 6})
        assert (reply.status_code, reply.json()["max_spend_usd_micros"]) == (202, 6 * DOLLAR)
    assert get_balances(poor)[None] == (6 * DOLLAR, 0)


def spend(job_id: uuid.UUID, usd_micros: int) -> VendorCall:
    return VendorCall(
        job_id=job_id,
        language="es",
        vendor="v",
        model="m",
        operation="synthesize",
        engine="e",
        content_key="k",
        state="settled",
        cost_usd_micros=usd_micros,
    )


def test_a_job_that_cannot_be_made_for_so_little_is_refused(poor: Desk, recording: bytes) -> None:
    with poor.sign_in(ALICE) as alice:
        body = {"upload_id": upload(alice, recording), "target_languages": ["es"], "max_spend_usd": 1.999999}
        reply = alice.post("/jobs", json=body)
        assert (reply.status_code, reply.json()["code"]) == (402, "spend_limit_too_low")
        assert alice.get("/jobs").json()["items"] == []
    assert get_balances(poor) == {}


@pytest.mark.parametrize("amount", [-1, "NaN", "Infinity", 10**9, "much"])
def test_a_limit_that_makes_no_sense_is_refused(alice: httpx.Client, amount: object) -> None:
    body = {"upload_id": str(uuid.uuid4()), "target_languages": ["es"], "max_spend_usd": amount}
    reply = alice.post("/jobs", json=body)
    assert (reply.status_code, reply.json()["code"]) == (422, "malformed_request")


def test_a_retry_holds_what_it_may_cost_and_a_refused_one_changes_nothing(poor: Desk, recording: bytes) -> None:
    with poor.sign_in(ALICE) as alice:
        job_id = uuid.UUID(submit(alice, recording, "es", "fr")["id"])
        with poor.database.transaction() as tx:
            tx.launches.mark_launched(job_id, 1, "r")
            tx.jobs.fail_job(job_id, "synthesizing", SynthesisError("Lost."))
            tx.launches.mark_ended(job_id, 1)
        assert poor.container.budget.release_ended(poor.database) == 1
        assert get_balances(poor)[None] == (0, 0)
        for _ in range(9):
            submit(alice, recording, "es")
        reply = alice.post(f"/jobs/{job_id}/retry")
        assert (reply.status_code, reply.json()["code"]) == (402, "budget_exceeded")
        assert alice.get(f"/jobs/{job_id}").json()["state"] == "failed"
        assert alice.post(f"/jobs/{job_id}/retry", json={"languages": ["fr"]}).status_code == 202
    assert get_balances(poor)[None] == (50 * DOLLAR, 0)
