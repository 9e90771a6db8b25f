import hashlib
import json
import threading
import uuid
from pathlib import Path

import httpx
import pytest

from api.application import create_app
from api.jobs.submission import MAX_ADMISSIONS
from dubbing.errors import BudgetExceededError
from resources.container import Container
from resources.database.embedded import PostgresAddress
from tests.support.desk import ALICE, Desk, announce, open_desk, read_problem, submit, upload
from tests.support.http_server import served
from tests.support.postgres import fresh_database
from tests.support.waiting import wait_for


def test_an_uploaded_recording_becomes_a_queued_job(desk: Desk, alice: httpx.Client, recording: bytes) -> None:
    upload_id = upload(alice, recording, filename="Grüße „neu“.wav")
    reply = alice.post(
        "/jobs", json={"upload_id": upload_id, "target_languages": ["pt", "es", "es"], "reference": "episode 1"}
    )
    assert reply.status_code == 202
    job = reply.json()
    assert reply.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["state"], job["progress"], job["attempt"], job["reference"]) == ("queued", 0, 1, "episode 1")
    assert job["target_languages"] == ["es", "pt-BR"]
    assert {task["waiting_on"] for task in job["languages"]} == {"queue"}
    with desk.database.transaction() as tx:
        source = tx.uploads.get_of_job(uuid.UUID(job["id"]))
        waiting = [waiting.job.id for waiting in tx.launches.list_waiting(100)]
    assert uuid.UUID(job["id"]) in waiting
    assert source.file_name == "Grüße „neu“.wav"
    assert source.storage_key == f"sources/{upload_id}"
    assert source.duration_ms == 3_000
    with desk.container.store.fetch(source.storage_key, sha256=source.sha256):
        pass


def test_the_upload_address_reaches_nothing_that_was_submitted(alice: httpx.Client, recording: bytes) -> None:
    announced = announce(alice, recording).json()
    put = {"url": announced["url"], "headers": announced["headers"]}
    httpx.put(**put, content=recording).raise_for_status()
    body = {"upload_id": announced["upload_id"], "target_languages": ["es"]}
    assert alice.post("/jobs", json=body).status_code == 202
    httpx.put(**put, content=recording)
    assert alice.post("/jobs", json=body | {"target_languages": ["fr"]}).status_code == 202


def test_a_recording_that_has_not_arrived_can_be_submitted_later(alice: httpx.Client, recording: bytes) -> None:
    announced = announce(alice, recording).json()
    body = {"upload_id": announced["upload_id"], "target_languages": ["es"]}
    problem = alice.post("/jobs", json=body)
    assert (problem.status_code, problem.json()["code"]) == (409, "upload_incomplete")
    httpx.put(announced["url"], headers=announced["headers"], content=recording).raise_for_status()
    assert alice.post("/jobs", json=body).status_code == 202


def test_what_is_no_recording_is_refused_and_not_kept(desk: Desk, alice: httpx.Client) -> None:
    page = b"<html>" + b"x" * 5000
    upload_id = upload(alice, page)
    problem = alice.post("/jobs", json={"upload_id": upload_id, "target_languages": ["es"]})
    assert (problem.status_code, problem.json()["code"]) == (422, "not_media")
    assert desk.container.store.find_info(f"sources/{upload_id}") is None


def test_bytes_put_in_place_of_the_announced_ones_are_refused(
    desk: Desk, alice: httpx.Client, recording: bytes
) -> None:
    """As on a store that does not hold clients to the digest: the object is replaced behind the API's back."""
    upload_id = upload(alice, recording)
    with desk.database.transaction() as tx:
        found = tx.uploads.find(uuid.UUID(upload_id))
    assert found
    path = desk.container.store.locate(found.storage_key)
    for content in (recording[:-2] + b"\x01\x02", recording[:-2]):
        with open(path, "wb") as file:  # noqa: PTH123 - replaced as a stranger would
            file.write(content)
        problem = alice.post("/jobs", json={"upload_id": upload_id, "target_languages": ["es"]})
        assert (problem.status_code, problem.json()["code"]) == (422, "upload_mismatch")
    assert alice.get("/jobs", params={"limit": 1}).json()["items"][:1] != [{"upload_id": upload_id}]


def test_somebody_elses_upload_is_not_there(alice: httpx.Client, bob: httpx.Client, recording: bytes) -> None:
    upload_id = upload(alice, recording)
    problem = bob.post("/jobs", json={"upload_id": upload_id, "target_languages": ["es"]})
    assert (problem.status_code, problem.json()["code"]) == (404, "not_found")
    missing = bob.post("/jobs", json={"upload_id": str(uuid.uuid4()), "target_languages": ["es"]})
    assert read_problem(problem) == read_problem(missing)


def test_the_same_key_and_body_give_the_same_job(alice: httpx.Client, recording: bytes) -> None:
    body = {"upload_id": upload(alice, recording), "target_languages": ["es"]}
    first, second = (alice.post("/jobs", json=body, headers={"Idempotency-Key": "k-1"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    other = alice.post("/jobs", json=body | {"target_languages": ["fr"]}, headers={"Idempotency-Key": "k-1"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    without_key = alice.post("/jobs", json=body)
    assert without_key.json()["id"] != first.json()["id"]


def test_two_users_may_use_the_same_key(alice: httpx.Client, bob: httpx.Client, recording: bytes) -> None:
    jobs = {
        client.post(
            "/jobs",
            json={"upload_id": upload(client, recording), "target_languages": ["es"]},
            headers={"Idempotency-Key": "shared"},
        ).json()["id"]
        for client in (alice, bob)
    }
    assert len(jobs) == 2


def test_the_same_request_many_times_at_once_makes_one_job(desk: Desk, alice: httpx.Client, recording: bytes) -> None:
    body = {"upload_id": upload(alice, recording), "target_languages": ["es"]}
    replies: list[httpx.Response] = []

    def send() -> None:
        with desk.sign_in(ALICE) as client:
            replies.append(client.post("/jobs", json=body, headers={"Idempotency-Key": "at-once"}))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [reply.status_code for reply in replies] == [202] * 8
    assert len({reply.json()["id"] for reply in replies}) == 1


def test_two_uploads_submitted_at_once_under_one_key_make_one_job(
    desk: Desk, alice: httpx.Client, recording: bytes
) -> None:
    uploads = [upload(alice, recording) for _ in range(4)]
    replies: list[httpx.Response] = []

    def send(upload_id: str) -> None:
        with desk.sign_in(ALICE) as client:
            body = {"upload_id": upload_id, "target_languages": ["es"]}
            replies.append(client.post("/jobs", json=body, headers={"Idempotency-Key": "one-of-four"}))

    threads = [threading.Thread(target=send, args=[upload_id]) for upload_id in uploads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(reply.status_code for reply in replies) == [202, 409, 409, 409]
    left_over = [
        upload_id
        for upload_id in uploads
        if alice.post("/jobs", json={"upload_id": upload_id, "target_languages": ["es"]}).status_code != 202
    ]
    assert left_over == []


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"target_languages": ["de"]}, 422, "unsupported_language"),
        ({"target_languages": ["xx-nonsense"]}, 422, "unknown_language"),
        ({"target_languages": []}, 422, "malformed_request"),
        ({"target_languages": ["es"], "source_language": "es"}, 422, "unsupported_language"),
        ({"target_languages": ["es"] * 21}, 422, "too_many_languages"),
        ({"voices": {"es": {"speaker_1": "nobody"}}}, 422, "unknown_voice"),
        ({"voices": {"fr": {"speaker_1": "tone_fr"}}}, 422, "bad_input"),
        ({"surprise": 1}, 422, "malformed_request"),
        ({"reference": "a\x00b"}, 422, "malformed_request"),
        ({"reference": "\ud800"}, 422, "malformed_request"),
        ({"upload_id": "../../etc/passwd"}, 422, "malformed_request"),
        ({"reference": "x" * 70_000}, 413, "request_too_large"),
    ],
)
def test_a_request_that_cannot_be_served_says_why(
    alice: httpx.Client, recording: bytes, changes: dict[str, object], status: int, code: str
) -> None:
    body = json.dumps({"upload_id": str(uuid.uuid4()), "target_languages": ["es"], **changes})
    problem = alice.post("/jobs", content=body, headers={"Content-Type": "application/json"})
    assert (problem.status_code, problem.json()["code"]) == (status, code)
    assert problem.headers["content-type"] == "application/problem+json"
    assert "a\x00b" not in problem.text


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"content_type": "text/html"}, 415, "unsupported_media_type"),
        ({"content_type": "audio/wav\r\nX-Evil: 1"}, 422, "malformed_request"),
        ({"size_bytes": 3_000_000_000}, 413, "upload_too_large"),
        ({"size_bytes": 0}, 422, "malformed_request"),
        ({"sha256": "0" * 63}, 422, "malformed_request"),
        ({"sha256": "G" * 64}, 422, "malformed_request"),
        ({"filename": ""}, 422, "malformed_request"),
        ({"filename": "a\nb.wav"}, 422, "malformed_request"),
        ({"filename": "x" * 256}, 422, "malformed_request"),
        ({"user_id": str(uuid.uuid4())}, 422, "malformed_request"),
    ],
)
def test_an_upload_that_makes_no_sense_gets_no_address(
    alice: httpx.Client, recording: bytes, changes: dict[str, object], status: int, code: str
) -> None:
    problem = announce(alice, recording, **changes)
    assert (problem.status_code, problem.json()["code"]) == (status, code)


def test_upload_keys_cannot_be_guessed(desk: Desk, alice: httpx.Client, recording: bytes) -> None:
    keys = set()
    for _ in range(3):
        with desk.database.transaction() as tx:
            found = tx.uploads.find(uuid.UUID(announce(alice, recording).json()["upload_id"]))
            assert found
            keys.add(found.storage_key)
    assert len(keys) == 3
    assert all(len(key.removeprefix("incoming/")) == 32 for key in keys)
    assert not any(str(ALICE) in key or "talk" in key for key in keys)


def test_a_user_without_money_gets_no_job(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresAddress, recording: bytes
) -> None:
    class Empty:
        def hold(self, *_: object) -> None:
            raise BudgetExceededError("There is nothing left to spend this month.")

    with (
        fresh_database(postgres) as name,
        open_desk(tmp_path_factory.mktemp("poor"), postgres.url(name, driver="postgresql"), budget=Empty()) as desk,
        desk.sign_in(ALICE) as client,
    ):
        upload_id = upload(client, recording)
        problem = client.post("/jobs", json={"upload_id": upload_id, "target_languages": ["es"]})
        assert (problem.status_code, problem.json()["code"]) == (402, "budget_exceeded")
        assert client.get("/jobs").json()["items"] == []


def test_a_recording_is_dubbed_again_without_another_upload(alice: httpx.Client, recording: bytes) -> None:
    first = submit(alice, recording, "es")
    again = alice.post("/jobs", json={"upload_id": first["upload_id"], "target_languages": ["fr"]})
    assert again.status_code == 202
    assert again.json()["id"] != first["id"]


def test_the_digest_is_of_the_bytes_that_were_sent(alice: httpx.Client, recording: bytes) -> None:
    announced = announce(alice, recording, sha256=hashlib.sha256(b"other").hexdigest()).json()
    sent = httpx.put(announced["url"], headers=announced["headers"], content=recording)
    problem = alice.post("/jobs", json={"upload_id": announced["upload_id"], "target_languages": ["es"]})
    assert sent.status_code >= 400
    assert problem.json()["code"] == "upload_incomplete"


def test_a_repeated_request_gives_its_job_though_its_language_is_not_offered_any_more(
    desk: Desk, alice: httpx.Client, recording: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"upload_id": upload(alice, recording), "target_languages": ["es"]}
    first = alice.post("/jobs", json=body, headers={"Idempotency-Key": "before"})
    monkeypatch.setattr(desk.container.translator, "_targets", ())
    again = alice.post("/jobs", json=body, headers={"Idempotency-Key": "before"})
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])


def test_while_recordings_are_being_checked_others_are_served(
    desk: Desk, alice: httpx.Client, recording: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many requests for one recording whose check takes long: neither connections nor threads run out."""
    upload_id = upload(alice, recording)
    go_on, begun = threading.Event(), threading.Event()
    admit = desk.container.admission.admit

    def admit_slowly(found: object) -> object:
        begun.set()
        go_on.wait(60)
        return admit(found)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.container.admission, "admit", admit_slowly)
    monkeypatch.setattr("api.jobs.submission.ADMISSION_WAIT_S", 0.1)
    replies: list[httpx.Response] = []

    def send() -> None:
        with desk.sign_in(ALICE) as client:
            replies.append(client.post("/jobs", json={"upload_id": upload_id, "target_languages": ["es"]}))

    threads = [threading.Thread(target=send) for _ in range(40)]
    for thread in threads:
        thread.start()
    try:
        assert begun.wait(30)
        wait_for(lambda: len(replies) == 40 - MAX_ADMISSIONS, "the others to be sent away")
        assert {(reply.status_code, reply.json()["code"]) for reply in replies} == {(503, "busy")}
        assert alice.get("/jobs").status_code == 200
    finally:
        go_on.set()
        for thread in threads:
            thread.join()
    assert sorted({reply.status_code for reply in replies}) == [202, 503]


def test_a_user_cannot_announce_bytes_without_end(tmp_path: Path, database_url: str, recording: bytes) -> None:
    with open_desk(tmp_path, database_url, max_upload_mb=1) as desk, desk.sign_in(uuid.uuid4()) as client:
        replies = [announce(client, recording, size_bytes=1_000_000) for _ in range(11)]
    assert [reply.status_code for reply in replies] == [201] * 10 + [429]
    assert replies[-1].json()["code"] == "too_many_uploads"
    assert "retry-after" in replies[-1].headers


def test_two_processes_behind_one_address_behave_as_one(desk: Desk, alice: httpx.Client, recording: bytes) -> None:
    """Each step goes to the other of two applications that share nothing but the settings."""
    engines = {name: getattr(desk.container, name) for name in ("recognizer", "translator", "synthesizer")}
    with (
        Container(desk.container.settings, overrides=engines) as adapters,
        served(lambda _url: create_app(adapters)) as url,
        httpx.Client(base_url=f"{url}/v1", headers={"Authorization": alice.headers["Authorization"]}) as other,
    ):
        announced = announce(alice, recording).json()
        sent = httpx.put(
            announced["url"].replace(desk.url, url), headers=announced["headers"], content=recording, timeout=30
        )
        assert sent.is_success
        body, key = {"upload_id": announced["upload_id"], "target_languages": ["es"]}, {"Idempotency-Key": "either"}
        job = alice.post("/jobs", json=body, headers=key).json()
        assert other.post("/jobs", json=body, headers=key).json()["id"] == job["id"]
        etag = other.get(f"/jobs/{job['id']}").headers["etag"]
        assert alice.get(f"/jobs/{job['id']}", headers={"If-None-Match": etag}).status_code == 304
        assert other.post(f"/jobs/{job['id']}/cancel").json()["state"] == "cancelled"
        assert alice.get(f"/jobs/{job['id']}", headers={"If-None-Match": etag}).json()["state"] == "cancelled"
