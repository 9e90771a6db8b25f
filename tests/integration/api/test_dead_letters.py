"""Dead letters over HTTP: for operators, and for nobody else."""

import tempfile
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from dubbing.errors import BudgetExceededError, RunCrashedError, SynthesisError, VendorQuotaError
from dubbing.jobs import LanguageState
from resources.database.tables import DeadLetter, JobEvent
from resources.identity.embedded_issuer import EmbeddedIssuer
from tests.support.desk import ALICE, Desk
from tests.support.jobs import add_job

NOWHERE = uuid.UUID(int=404)


@pytest.fixture(scope="module")
def operator(desk: Desk) -> Iterator[httpx.Client]:
    token = EmbeddedIssuer(desk.container.settings.keys_dir).mint(uuid.uuid4(), is_admin=True)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{desk.url}/v1/admin", headers=headers, timeout=30) as client:
        yield client


@pytest.fixture(autouse=True)
def _no_letters(desk: Desk) -> Iterator[None]:
    yield
    with desk.database.transaction() as tx:
        for letter in tx.session.scalars(select(DeadLetter)):
            tx.session.delete(letter)


def add_own_job(desk: Desk, *languages: str) -> uuid.UUID:
    """Add a job of Alice's whose recording is in the store; nobody listens to it here."""
    job_id = add_job(desk.database, languages, user_id=ALICE)
    with tempfile.NamedTemporaryFile() as file:
        desk.container.store.put(f"sources/{job_id}", Path(file.name))
    return job_id


@pytest.fixture
def job_id(desk: Desk) -> uuid.UUID:
    """A job that delivered Spanish and lost French."""
    job_id = add_own_job(desk, "es", "fr")
    with desk.database.transaction() as tx:
        tx.jobs.advance(job_id, "es", LanguageState.COMPLETED, 100)
        tx.jobs.fail_language(job_id, "fr", "synthesizing", VendorQuotaError("The account is used up; add credit."))
    return job_id


def get_letter(desk: Desk, job_id: uuid.UUID) -> DeadLetter:
    with desk.database.transaction() as tx:
        return tx.session.scalars(select(DeadLetter).where(DeadLetter.job_id == job_id)).one()


def get_states(desk: Desk, job_id: uuid.UUID) -> dict[str, tuple[str, int]]:
    with desk.database.transaction() as tx:
        return {task.language: (task.state, task.attempt) for task in tx.jobs.list_languages(job_id)}


def test_letters_are_listed_page_by_page_and_read_one_by_one(
    desk: Desk, operator: httpx.Client, job_id: uuid.UUID
) -> None:
    other_id = add_own_job(desk, "es")
    with desk.database.transaction() as tx:
        tx.jobs.fail_job(other_id, "run", RunCrashedError("It ended."))
    page = operator.get("/dead-letters", params={"limit": 1}).json()
    assert [each["job_id"] for each in page["items"]] == [str(other_id)]
    rest = operator.get("/dead-letters", params={"limit": 1, "cursor": page["next_cursor"]}).json()
    assert (rest["items"][0]["job_id"], rest["next_cursor"]) == (str(job_id), None)
    letter = rest["items"][0]
    assert (letter["language"], letter["languages"], letter["stage"]) == ("fr", ["fr"], "synthesizing")
    assert letter["error"]["code"] == "vendor_quota"
    assert (letter["state"], letter["attempts"], letter["spent_usd_micros"]) == ("open", 1, 0)
    assert operator.get(f"/dead-letters/{letter['id']}").json() == letter
    assert operator.get("/dead-letters", params={"error_code": "run_crashed"}).json()["items"][0]["languages"] == ["es"]
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert operator.get("/dead-letters", params={"since": later}).json()["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", "/{id}", None),
        ("POST", "/{id}/replay", {}),
        ("POST", "/replay", {"all": True}),
        ("POST", "/{id}/discard", {"reason": "Mine."}),
    ],
)
def test_who_is_no_operator_finds_nothing_here_even_of_his_own_job(
    desk: Desk, alice: httpx.Client, job_id: uuid.UUID, method: str, path: str, body: dict[str, Any] | None
) -> None:
    letter = get_letter(desk, job_id)
    reply = alice.request(method, f"/admin/dead-letters{path.format(id=letter.id)}", json=body)
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")
    assert get_letter(desk, job_id).state == "open"
    assert httpx.get(f"{desk.url}/v1/admin/dead-letters").status_code == 401


def test_the_database_shows_letters_to_no_user_whatever_the_api_does(desk: Desk, job_id: uuid.UUID) -> None:
    claims = {"sub": str(ALICE), "role": "authenticated", "app_metadata": {"role": "admin"}}
    with pytest.raises(Exception, match="permission denied"), desk.database.transaction_of(claims) as tx:
        tx.session.scalars(select(DeadLetter)).all()


def test_a_replay_is_begun_once_however_many_ask_for_it(desk: Desk, operator: httpx.Client, job_id: uuid.UUID) -> None:
    path = f"/dead-letters/{get_letter(desk, job_id).id}/replay"
    with ThreadPoolExecutor(4) as pool:
        replies = [future.result() for future in [pool.submit(operator.post, path) for _ in range(4)]]
    assert {reply.status_code for reply in replies} == {202}
    assert {reply.json()["attempt"] for reply in replies} == {2}
    assert sorted(reply.json()["is_begun"] for reply in replies) == [False, False, False, True]
    assert get_states(desk, job_id) == {"es": ("completed", 1), "fr": ("queued", 2)}


def test_a_dry_run_says_what_is_missing_and_queues_nothing(
    desk: Desk, operator: httpx.Client, job_id: uuid.UUID
) -> None:
    reply = operator.post(f"/dead-letters/{get_letter(desk, job_id).id}/replay", json={"dry_run": True})
    assert reply.status_code == 200
    plan = reply.json()["plan"]
    assert (plan["languages"], plan["usd_micros"], plan["at_most_usd_micros"]) == (["fr"], 0, 0)
    assert {each["operation"] for each in plan["purchases"]} == {"recognize", "translate", "synthesize"}
    assert get_letter(desk, job_id).state == "open"
    assert get_states(desk, job_id)["fr"] == ("failed", 1)


def test_letters_are_replayed_in_bulk_and_one_that_cannot_be_says_why(
    desk: Desk, operator: httpx.Client, job_id: uuid.UUID
) -> None:
    busy_id, other_id = (add_own_job(desk, "es", "fr") for _ in range(2))
    with desk.database.transaction() as tx:
        tx.jobs.fail_language(busy_id, "es", "mixing", VendorQuotaError("Used up."))
        tx.jobs.advance(busy_id, "fr", LanguageState.MIXING, 80)
        tx.jobs.fail_job(other_id, "mixing", SynthesisError("No."))
    items, after = [], None
    while True:
        body = {"error_code": "vendor_quota", "limit": 1, **({"after": after} if after else {})}
        reply = operator.post("/dead-letters/replay", json=body).raise_for_status().json()
        items += reply["items"]
        if (after := reply["next_after"]) is None:
            break
    became = {each["letter_id"]: (each["is_begun"], each["error"] and each["error"]["code"]) for each in items}
    assert became == {
        str(get_letter(desk, job_id).id): (True, None),
        str(get_letter(desk, busy_id).id): (False, "job_busy"),
    }
    assert get_letter(desk, other_id).state == "open"


def test_a_bulk_replay_must_say_of_what(operator: httpx.Client) -> None:
    reply = operator.post("/dead-letters/replay", json={"dry_run": True})
    assert (reply.status_code, reply.json()["code"]) == (422, "malformed_request")
    assert operator.post("/dead-letters/replay", json={"all": True, "dry_run": True}).status_code == 200


def test_a_letter_whose_recording_has_expired_is_not_replayed(
    desk: Desk, operator: httpx.Client, alice: httpx.Client, job_id: uuid.UUID
) -> None:
    with desk.database.transaction() as tx:
        upload = tx.uploads.get_of_job(job_id)
    desk.container.store.delete(upload.storage_key)
    for reply in (
        operator.post(f"/dead-letters/{get_letter(desk, job_id).id}/replay"),
        operator.post(f"/dead-letters/{get_letter(desk, job_id).id}/replay", json={"dry_run": True}),
        alice.post(f"/jobs/{job_id}/retry"),
    ):
        assert (reply.status_code, reply.json()["code"]) == (409, "job_finished")
        assert "expired" in reply.json()["detail"]


def test_a_discarded_letter_keeps_its_reason_and_is_not_replayed(
    desk: Desk, operator: httpx.Client, job_id: uuid.UUID
) -> None:
    path = f"/dead-letters/{get_letter(desk, job_id).id}"
    assert operator.post(f"{path}/discard", json={"reason": "A new recording came."}).json()["state"] == "discarded"
    with desk.database.transaction() as tx:
        event = tx.session.scalars(
            select(JobEvent).where(JobEvent.job_id == job_id, JobEvent.type == "letter.discarded")
        ).one()
    assert (event.language, event.data["reason"]) == ("fr", "A new recording came.")
    for answer in (operator.post(f"{path}/replay"), operator.post(f"{path}/discard", json={"reason": "Again."})):
        assert (answer.status_code, answer.json()["code"]) == (409, "job_finished")


def test_a_letter_that_is_not_there_is_not_found(operator: httpx.Client) -> None:
    assert operator.get(f"/dead-letters/{NOWHERE}").status_code == 404
    assert operator.post(f"/dead-letters/{NOWHERE}/replay").status_code == 404
    assert operator.post(f"/dead-letters/{NOWHERE}/discard", json={"reason": "Gone."}).status_code == 404


def test_the_owner_has_failed_languages_made_again(desk: Desk, alice: httpx.Client, job_id: uuid.UUID) -> None:
    reply = alice.post(f"/jobs/{job_id}/retry")
    assert reply.status_code == 202
    job = reply.json()
    assert (job["state"], job["attempt"], job["error"]) == ("queued", 2, None)
    assert {each["language"]: each["state"] for each in job["languages"]} == {"es": "completed", "fr": "queued"}
    assert get_letter(desk, job_id).state == "replaying"
    again = alice.post(f"/jobs/{job_id}/retry", json={"languages": ["fr"]})
    assert (again.status_code, again.json()["code"]) == (409, "job_busy")


def test_the_owner_chooses_which_of_them(desk: Desk, alice: httpx.Client) -> None:
    job_id = add_own_job(desk, "es", "fr")
    with desk.database.transaction() as tx:
        tx.jobs.fail_job(job_id, "run", RunCrashedError("It ended."))
    assert alice.post(f"/jobs/{job_id}/retry", json={"languages": ["fr"]}).status_code == 202
    assert get_states(desk, job_id) == {"es": ("failed", 1), "fr": ("queued", 2)}


@pytest.mark.parametrize(
    ("languages", "status", "code"),
    [(["es"], 409, "job_finished"), (["pt-BR"], 404, "not_found"), (["english"], 422, "unknown_language")],
)
def test_what_did_not_fail_is_not_made_again(
    alice: httpx.Client, job_id: uuid.UUID, languages: list[str], status: int, code: str
) -> None:
    reply = alice.post(f"/jobs/{job_id}/retry", json={"languages": languages})
    assert (reply.status_code, reply.json()["code"]) == (status, code)


def test_nobody_retries_the_job_of_another(desk: Desk, bob: httpx.Client, job_id: uuid.UUID) -> None:
    assert bob.post(f"/jobs/{job_id}/retry").status_code == 404
    assert get_states(desk, job_id)["fr"] == ("failed", 1)


def test_a_retry_and_a_replay_ask_for_money_first(
    desk: Desk, alice: httpx.Client, operator: httpx.Client, job_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise BudgetExceededError("There is nothing left to spend.")

    monkeypatch.setattr(desk.container.budget, "hold", refuse, raising=False)
    for reply in (
        alice.post(f"/jobs/{job_id}/retry"),
        operator.post(f"/dead-letters/{get_letter(desk, job_id).id}/replay"),
    ):
        assert (reply.status_code, reply.json()["code"]) == (402, "budget_exceeded")
    assert get_states(desk, job_id)["fr"] == ("failed", 1)
    assert get_letter(desk, job_id).state == "open"
