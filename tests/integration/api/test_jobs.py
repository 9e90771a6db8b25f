import threading
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import event, text, update

from dubbing.errors import NoSpeechError, SynthesisError
from dubbing.jobs import JobState, LanguageState, WaitingOn
from resources.database.tables import DubbingJob
from tests.support.desk import ALICE, BOB, Desk, read_problem
from tests.support.jobs import add_job


def advance(desk: Desk, job_id: uuid.UUID, language: str, state: LanguageState, progress: int) -> None:
    with desk.database.transaction() as tx:
        tx.jobs.advance(job_id, language, state, progress)


def count_statements(desk: Desk, client: httpx.Client, path: str, **headers: str) -> tuple[httpx.Response, list[str]]:
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(desk.database.engine, "before_cursor_execute", note)
    try:
        reply = client.get(path, headers=headers)
    finally:
        event.remove(desk.database.engine, "before_cursor_execute", note)
    return reply, [statement for statement in statements if "set_config" not in statement]


def test_a_job_shows_each_language_and_what_it_waits_for(desk: Desk, alice: httpx.Client) -> None:
    job_id = add_job(desk.database, ("es", "fr"), user_id=ALICE)
    advance(desk, job_id, "es", LanguageState.SYNTHESIZING, 40)
    with desk.database.transaction() as tx:
        tx.jobs.hold(job_id, ["es"], WaitingOn.VENDOR)
    job = alice.get(f"/jobs/{job_id}").json()
    spanish, french = job["languages"]
    assert (job["state"], job["progress"]) == ("running", 20)
    assert (spanish["state"], spanish["progress"], spanish["waiting_on"]) == ("synthesizing", 40, "vendor")
    assert (french["state"], french["progress"], french["waiting_on"]) == ("queued", 0, "queue")
    assert spanish["heartbeat_at"] is not None
    assert french["heartbeat_at"] is None


def test_a_job_whose_work_was_interrupted_is_shown_as_being_recovered_until_it_goes_on(
    desk: Desk, alice: httpx.Client
) -> None:
    job_id = add_job(desk.database, ("es", "fr"), user_id=ALICE)
    advance(desk, job_id, "es", LanguageState.SYNTHESIZING, 40)
    reply = alice.get(f"/jobs/{job_id}")
    assert reply.json()["recovering"] is False
    # No row is written when a job falls silent, so its silence alone has to change the ETag.
    silence = text("UPDATE language_tasks SET heartbeat_at = now() - interval '25 s' WHERE job_id = :job_id")
    with desk.database.transaction() as tx:
        tx.session.execute(silence, {"job_id": job_id})
    silent = alice.get(f"/jobs/{job_id}", headers={"If-None-Match": reply.headers["etag"]})
    assert silent.status_code == 200
    assert (silent.json()["recovering"], silent.json()["state"]) == (True, "running")
    listed = {job["id"]: job["recovering"] for job in alice.get("/jobs").json()["items"]}
    assert listed[str(job_id)]
    with desk.database.transaction() as tx:
        tx.jobs.beat(job_id)
    assert alice.get(f"/jobs/{job_id}").json()["recovering"] is False


@pytest.mark.parametrize("state", [None, LanguageState.COMPLETED])
def test_a_job_that_waits_or_is_over_is_not_being_recovered(
    desk: Desk, alice: httpx.Client, state: LanguageState | None
) -> None:
    job_id = add_job(desk.database, ("es",), user_id=ALICE)
    if state is not None:
        advance(desk, job_id, "es", state, 100)
    silence = text("UPDATE language_tasks SET heartbeat_at = now() - interval '1 h' WHERE job_id = :job_id")
    with desk.database.transaction() as tx:
        tx.session.execute(silence, {"job_id": job_id})
    assert alice.get(f"/jobs/{job_id}").json()["recovering"] is False


def test_a_failed_language_says_why_and_the_others_go_on(desk: Desk, alice: httpx.Client) -> None:
    job_id = add_job(desk.database, ("es", "fr"), user_id=ALICE)
    with desk.database.transaction() as tx:
        tx.jobs.fail_language(job_id, "fr", "synthesizing", SynthesisError("The voice does not answer."))
    advance(desk, job_id, "es", LanguageState.COMPLETED, 100)
    job = alice.get(f"/jobs/{job_id}").json()
    assert (job["state"], job["progress"], job["error"]) == ("completed_with_issues", 100, None)
    assert job["languages"][1]["error"] == {
        "code": "synthesis_failed", "message": "The voice does not answer.", "retryable": True,
    }  # fmt: skip


def test_a_job_that_failed_as_a_whole_says_why(desk: Desk, alice: httpx.Client) -> None:
    job_id = add_job(desk.database, user_id=ALICE)
    with desk.database.transaction() as tx:
        tx.jobs.fail_job(job_id, "transcribing", NoSpeechError("Nobody speaks."))
    job = alice.get(f"/jobs/{job_id}").json()
    assert (job["state"], job["error"]) == (
        "failed", {"code": "no_speech", "message": "Nobody speaks.", "retryable": False},
    )  # fmt: skip


def test_while_nothing_changes_a_poll_is_an_empty_304_that_costs_one_query(desk: Desk, alice: httpx.Client) -> None:
    job_id = add_job(desk.database, user_id=ALICE)
    etag = alice.get(f"/jobs/{job_id}").headers["etag"]
    reply, statements = count_statements(desk, alice, f"/jobs/{job_id}", **{"If-None-Match": f'"other", {etag}'})
    assert (reply.status_code, reply.content, reply.headers["etag"]) == (304, b"", etag)
    assert len(statements) == 1
    advance(desk, job_id, "es", LanguageState.TRANSCRIBING, 1)
    changed = alice.get(f"/jobs/{job_id}", headers={"If-None-Match": etag})
    assert (changed.status_code, changed.headers["etag"] != etag) == (200, True)


@pytest.mark.parametrize("change", ["advance", "beat", "hold", "fail_language", "fail_job", "cancel"])
def test_whatever_a_client_can_see_changes_the_etag(desk: Desk, alice: httpx.Client, change: str) -> None:
    job_id = add_job(desk.database, user_id=ALICE)
    advance(desk, job_id, "es", LanguageState.TRANSCRIBING, 1)
    before = alice.get(f"/jobs/{job_id}")
    with desk.database.transaction() as tx:
        {
            "advance": lambda: tx.jobs.advance(job_id, "es", LanguageState.TRANSCRIBING, 2),
            "beat": lambda: tx.jobs.beat(job_id),
            "hold": lambda: tx.jobs.hold(job_id, ["es"], WaitingOn.RATE_LIMIT),
            "fail_language": lambda: tx.jobs.fail_language(job_id, "es", "mixing", SynthesisError("Gone.")),
            "fail_job": lambda: tx.jobs.fail_job(job_id, "mixing", SynthesisError("Gone.")),
            "cancel": lambda: tx.jobs.cancel(job_id),
        }[change]()
    after = alice.get(f"/jobs/{job_id}", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.json()["languages"] != before.json()["languages"]


def test_a_change_that_is_stamped_first_and_committed_last_is_not_hidden(desk: Desk, alice: httpx.Client) -> None:
    job_id = add_job(desk.database, ("es", "fr"), user_id=ALICE)
    advance(desk, job_id, "es", LanguageState.SYNTHESIZING, 40)
    advance(desk, job_id, "fr", LanguageState.SYNTHESIZING, 40)
    with desk.database.transaction() as late:
        late.jobs.advance(job_id, "es", LanguageState.SYNTHESIZING, 60)
        advance(desk, job_id, "fr", LanguageState.SYNTHESIZING, 50)
        etag = alice.get(f"/jobs/{job_id}").headers["etag"]
    reply = alice.get(f"/jobs/{job_id}", headers={"If-None-Match": etag})
    assert (reply.status_code, reply.json()["languages"][0]["progress"]) == (200, 60)


def test_events_are_read_on_from_the_last_one_known(desk: Desk, alice: httpx.Client) -> None:
    job_id = add_job(desk.database, ("es",), user_id=ALICE)
    first = alice.get(f"/jobs/{job_id}/events").json()
    assert [event["type"] for event in first["items"]] == ["job.queued"]
    nothing = alice.get(f"/jobs/{job_id}/events", params={"after": first["next_after"]}).json()
    assert nothing == {"items": [], "next_after": first["next_after"]}
    advance(desk, job_id, "es", LanguageState.TRANSCRIBING, 1)
    advance(desk, job_id, "es", LanguageState.COMPLETED, 100)
    seen: list[str] = []
    after = first["next_after"]
    while page := alice.get(f"/jobs/{job_id}/events", params={"after": after, "limit": 1}).json()["items"]:
        seen += [event["type"] for event in page]
        after = page[-1]["id"]
    assert seen == ["language.transcribing", "job.running", "language.completed", "job.completed"]


def test_a_reader_who_goes_on_from_the_last_event_misses_none_while_languages_write(
    desk: Desk, alice: httpx.Client
) -> None:
    languages = [f"l{number}" for number in range(6)]
    job_id = add_job(desk.database, languages, user_id=ALICE)
    states = [LanguageState.TRANSCRIBING, LanguageState.TRANSLATING, LanguageState.SYNTHESIZING, LanguageState.MIXING]

    def work(language: str) -> None:
        for state in [*states, LanguageState.COMPLETED]:
            advance(desk, job_id, language, state, 1)

    threads = [threading.Thread(target=work, args=[language]) for language in languages]
    for thread in threads:
        thread.start()
    seen: list[int] = []
    while any(thread.is_alive() for thread in threads):
        after = seen[-1] if seen else 0
        seen += [event["id"] for event in alice.get(f"/jobs/{job_id}/events", params={"after": after}).json()["items"]]
    after = seen[-1] if seen else 0
    seen += [event["id"] for event in alice.get(f"/jobs/{job_id}/events", params={"after": after}).json()["items"]]
    every = [event["id"] for event in alice.get(f"/jobs/{job_id}/events", params={"limit": 500}).json()["items"]]
    assert seen == every
    assert len(every) == 1 + 5 * len(languages) + 2


@pytest.mark.parametrize(("ended", "state"), [("completed", "completed_with_issues"), ("failed", "failed")])
def test_cancelling_ends_what_is_under_way_and_keeps_what_has_ended(
    desk: Desk, alice: httpx.Client, ended: str, state: str
) -> None:
    job_id = add_job(desk.database, ("es", "fr"), user_id=ALICE)
    advance(desk, job_id, "es", LanguageState(ended), 100)
    for _ in range(2):
        reply = alice.post(f"/jobs/{job_id}/cancel")
        assert reply.status_code == 202
        assert [task["state"] for task in reply.json()["languages"]] == [ended, "cancelled"]
    assert alice.get(f"/jobs/{job_id}").json()["state"] == state


def test_cancelling_twice_is_fine_and_a_finished_job_says_no(desk: Desk, alice: httpx.Client) -> None:
    job_id, finished = add_job(desk.database, ("es",), user_id=ALICE), add_job(desk.database, ("es",), user_id=ALICE)
    replies = [alice.post(f"/jobs/{job_id}/cancel") for _ in range(2)]
    assert [(reply.status_code, reply.json()["state"]) for reply in replies] == [(202, "cancelled")] * 2
    advance(desk, finished, "es", LanguageState.COMPLETED, 100)
    problem = alice.post(f"/jobs/{finished}/cancel")
    assert (problem.status_code, problem.json()["code"]) == (409, "job_finished")


def test_a_stranger_is_told_nothing(desk: Desk, alice: httpx.Client, bob: httpx.Client) -> None:
    job_id = add_job(desk.database, user_id=ALICE)
    etag = alice.get(f"/jobs/{job_id}").headers["etag"]
    nowhere = uuid.uuid4()
    for method, path in (
        ("GET", "/jobs/{}"), ("GET", "/jobs/{}/events"), ("GET", "/jobs/{}/artifacts"), ("POST", "/jobs/{}/cancel"),
    ):  # fmt: skip
        hidden, missing = (
            bob.request(method, path.format(job), headers={"If-None-Match": etag}) for job in (job_id, nowhere)
        )
        assert hidden.status_code == missing.status_code == 404
        assert read_problem(hidden) == read_problem(missing)
    assert str(job_id) not in bob.get("/jobs", params={"limit": 100}).text
    assert alice.get(f"/jobs/{job_id}").json()["state"] == "queued"


@pytest.fixture(scope="module")
def five_thousand(desk: Desk) -> Sequence[uuid.UUID]:
    """5,000 jobs of one user between as many of another's, some of them at the same microsecond."""
    owner = uuid.UUID(int=5000)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    ids = [uuid.uuid4() for _ in range(5000)]
    template = add_job(desk.database, ("es",), user_id=owner)
    add_job(desk.database, ("es",), user_id=BOB)
    with desk.database.transaction() as tx:
        upload = tx.jobs.get(template).upload_id
        rows = [
            {
                "id": job_id,
                "user_id": user_id,
                "upload_id": upload,
                "request_key": "k",
                "engines": {},
                "launched_attempt": 1,
                "ended_attempt": 1,
                "created_at": start + timedelta(milliseconds=number // 3),
            }
            for user_id, jobs in ((owner, ids), (BOB, [uuid.uuid4() for _ in range(5000)]))
            for number, job_id in enumerate(jobs)
        ]
        tx.session.execute(DubbingJob.__table__.insert(), rows)
        tx.session.execute(update(DubbingJob).where(DubbingJob.id == ids[1]).values(state="completed"))
    with desk.database.engine.begin() as connection:
        connection.execute(text("ANALYZE dubbing_jobs"))
    return [template, *reversed(ids)]


def test_pages_of_five_thousand_jobs_are_stable_while_jobs_are_being_added(
    desk: Desk, five_thousand: Sequence[uuid.UUID]
) -> None:
    owner = uuid.UUID(int=5000)
    seen: list[dict[str, str]] = []
    with desk.sign_in(owner) as client:
        cursor: str | None = None
        while True:
            page = client.get("/jobs", params={"limit": 100, **({"cursor": cursor} if cursor else {})}).json()
            seen += page["items"]
            add_job(desk.database, ("es",), user_id=owner)
            cursor = page["next_cursor"]
            if cursor is None:
                break
    assert {uuid.UUID(job["id"]) for job in seen} == set(five_thousand)
    assert len(seen) == len(five_thousand)
    keys = [(datetime.fromisoformat(job["created_at"]), job["id"]) for job in seen]
    assert keys == sorted(keys, reverse=True)


def test_a_page_is_read_from_an_index(desk: Desk, five_thousand: Sequence[uuid.UUID]) -> None:
    owner = uuid.UUID(int=5000)
    claims = {"sub": str(owner), "role": "authenticated"}
    plans = {}
    for state in (None, JobState.COMPLETED):
        with desk.database.transaction_of(claims) as tx:
            statements: list[tuple[str, object]] = []
            connection = tx.session.connection()

            def note(_c: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
                statements.append((statement, parameters))  # noqa: B023 - called within this turn of the loop

            event.listen(connection, "before_cursor_execute", note)
            tx.views.list_page(owner, state=state, after=None, limit=20)
            event.remove(connection, "before_cursor_execute", note)
            statement, parameters = statements[0]
            rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)  # type: ignore[arg-type]
            plans[state] = "\n".join(row[0] for row in rows)
    assert "ix_dubbing_jobs_newest" in plans[None]
    assert "ix_dubbing_jobs_newest_by_state" in plans[JobState.COMPLETED]
    assert not any("Sort" in plan or "Seq Scan" in plan for plan in plans.values()), plans


@pytest.mark.parametrize("cursor", ["x", "!!!", "AAAA", "A" * 64, "é"])
def test_a_cursor_that_is_not_ours_is_refused(alice: httpx.Client, cursor: str) -> None:
    problem = alice.get("/jobs", params={"cursor": cursor})
    assert (problem.status_code, problem.json()["code"]) == (422, "malformed_request")
