import hashlib
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, update

from dubbing.errors import StorageError
from dubbing.jobs import LanguageState
from dubbing.stages import Artifact
from resources.database.tables import ArtifactRow, Download, DubbingJob
from tests.support.desk import ALICE, Desk, open_desk, read_problem
from tests.support.jobs import add_job
from tests.support.seaweedfs import ACCESS_KEY_ID, SECRET_ACCESS_KEY, SeaweedFS
from tests.support.waiting import wait_for

CONTENT = bytes(range(256)) * 40_000
"""Ten megabytes: more than the sockets of both sides hold."""


@dataclass
class Offer:
    """An artifact of Alice's that can be downloaded."""

    job_id: uuid.UUID
    artifact_id: str
    client: httpx.Client

    def get_url(self) -> str:
        reply = self.client.post(f"/artifacts/{self.artifact_id}/download")
        assert reply.status_code == 201
        return str(reply.json()["url"])


@pytest.fixture
def offer(desk: Desk, alice: httpx.Client, tmp_path: Path) -> Offer:
    return make_offer(desk, alice, tmp_path)


def make_offer(desk: Desk, client: httpx.Client, tmp_path: Path) -> Offer:
    job_id = add_job(desk.database, ("es",), user_id=ALICE)
    file = tmp_path / "dub.m4a"
    file.write_bytes(CONTENT)
    key = f"jobs/{job_id}/es/dub.m4a"
    desk.container.store.put(key, file)
    digest = hashlib.sha256(CONTENT).hexdigest()
    artifact = Artifact("dub", "es/dub.m4a", key, "audio/mp4", len(CONTENT), digest, {})
    with desk.database.transaction() as tx:
        tx.values.save_artifact(job_id, "es", artifact, timedelta(hours=48))
        tx.jobs.advance(job_id, "es", LanguageState.COMPLETED, 100)
    (item,) = client.get(f"/jobs/{job_id}/artifacts").json()["items"]
    return Offer(job_id, item["id"], client)


def let_time_pass(desk: Desk, **columns: timedelta) -> None:
    """Move the ends of every claim into the past."""
    with desk.database.transaction() as tx:
        tx.session.execute(update(Download).values({name: func.now() - ago for name, ago in columns.items()}))


def is_gone(reply: httpx.Response) -> bool:
    return reply.status_code == 410 and reply.json()["code"] == "download_gone"


def test_an_address_gives_the_file_once(offer: Offer) -> None:
    url = offer.get_url()
    reply = httpx.get(url)
    assert (reply.status_code, reply.content) == (200, CONTENT)
    assert reply.headers["content-type"] == "audio/mp4"
    assert "talk.es.dub.m4a" in reply.headers["content-disposition"]
    assert is_gone(httpx.get(url))
    assert httpx.get(offer.get_url()).content == CONTENT


def test_looking_at_the_headers_does_not_use_the_address(offer: Offer) -> None:
    url = offer.get_url()
    head = httpx.head(url)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(CONTENT)), b"")
    assert httpx.get(url).content == CONTENT


def test_of_many_who_ask_at_once_one_wins(offer: Offer) -> None:
    url = offer.get_url()
    replies: list[httpx.Response] = []
    threads = [threading.Thread(target=lambda: replies.append(httpx.get(url, timeout=60))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(reply.status_code for reply in replies) == [200] + [410] * 7
    assert [reply.content for reply in replies if reply.status_code == 200] == [CONTENT]


def break_off(url: str, after_bytes: int) -> int:
    """Read some of a file and hang up; returns how many bytes of the file arrived."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 80)) as connection:
        connection.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        received = b""
        while len(received) < after_bytes:
            received += connection.recv(65_536)
    return len(received.partition(b"\r\n\r\n")[2])


def resume(url: str, start: int, **headers: str) -> httpx.Response:
    """Ask for the rest as soon as the server has noticed that the transfer broke off."""
    replies: list[httpx.Response] = []

    def is_served() -> bool:
        replies.append(httpx.get(url, headers={"Range": f"bytes={start}-", **headers}))
        return replies[-1].status_code != 410

    wait_for(is_served, "the end of the transfer to be noted")
    return replies[-1]


def test_a_broken_transfer_goes_on_where_it_broke(offer: Offer) -> None:
    url = offer.get_url()
    etag = httpx.head(url).headers["etag"]
    arrived = break_off(url, 1_000_000)
    rest = resume(url, arrived, **{"If-Range": etag})
    assert (rest.status_code, rest.content) == (206, CONTENT[arrived:])
    assert rest.headers["content-range"] == f"bytes {arrived}-{len(CONTENT) - 1}/{len(CONTENT)}"


@pytest.mark.parametrize("range_header", [None, "bytes=0-", "bytes=1-", f"bytes={len(CONTENT) - 1}-"])
def test_after_its_last_byte_nothing_is_given_again(offer: Offer, range_header: str | None) -> None:
    url = offer.get_url()
    assert resume(url, break_off(url, 1_000_000)).status_code == 206
    assert is_gone(httpx.get(url, headers={"Range": range_header} if range_header else {}))
    whole = offer.get_url()
    httpx.get(whole)
    assert is_gone(httpx.get(whole, headers={"Range": range_header} if range_header else {}))


def test_what_has_not_been_sent_yet_is_not_given_beside_the_transfer(offer: Offer) -> None:
    url = offer.get_url()
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 80)) as connection:
        connection.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        connection.recv(1000)
        assert is_gone(httpx.get(url, headers={"Range": "bytes=5-"}))
    broken = offer.get_url()
    break_off(broken, 1_000_000)
    resume(broken, 1)
    assert is_gone(httpx.get(broken, headers={"Range": "bytes=5-"}))


def test_a_range_of_another_version_is_no_resumption(offer: Offer) -> None:
    url = offer.get_url()
    break_off(url, 1_000_000)
    assert resume(url, 5).status_code == 206
    assert is_gone(httpx.get(url, headers={"Range": "bytes=5-", "If-Range": '"other"'}))


def test_after_the_lease_nothing_goes_on(desk: Desk, offer: Offer) -> None:
    url = offer.get_url()
    break_off(url, 1_000_000)
    wait_for(lambda: count_broken(desk, offer) == 1, "the end of the transfer to be noted")
    let_time_pass(desk, lease_until=timedelta(seconds=1))
    assert is_gone(httpx.get(url, headers={"Range": "bytes=5-"}))
    assert httpx.head(url).status_code == 410


def count_broken(desk: Desk, offer: Offer) -> int:
    with desk.database.transaction() as tx:
        broken = select(func.count()).where(Download.lease_until > func.now())
        return tx.session.scalar(broken.where(Download.artifact_id == offer.artifact_id)) or 0


def test_an_expired_address_is_gone(desk: Desk, offer: Offer) -> None:
    url = offer.get_url()
    let_time_pass(desk, expires_at=timedelta(seconds=1))
    assert is_gone(httpx.get(url))
    assert httpx.head(url).status_code == 410


def test_a_range_behind_the_end_does_not_use_the_address(offer: Offer) -> None:
    url = offer.get_url()
    problem = httpx.get(url, headers={"Range": f"bytes={len(CONTENT)}-"})
    assert (problem.status_code, problem.json()["code"]) == (416, "range_not_satisfiable")
    assert httpx.get(url).content == CONTENT


def test_a_store_that_fails_does_not_use_the_address(desk: Desk, offer: Offer) -> None:
    url = offer.get_url()
    path = Path(desk.container.store.locate(f"jobs/{offer.job_id}/es/dub.m4a"))
    away = path.rename(path.with_suffix(".away"))
    problem = httpx.get(url)
    assert (problem.status_code, problem.json()["code"]) == (503, "object_missing")
    assert str(path) not in problem.text
    away.rename(path)
    assert httpx.get(url).content == CONTENT


@pytest.mark.parametrize("token", ["a" * 43, "a" * 16])
def test_an_address_that_was_never_given_is_not_found(desk: Desk, token: str) -> None:
    reply = httpx.get(f"{desk.url}/v1/downloads/{token}")
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


def test_a_stranger_gets_no_address(offer: Offer, bob: httpx.Client) -> None:
    hidden = bob.post(f"/artifacts/{offer.artifact_id}/download")
    missing = bob.post(f"/artifacts/{uuid.uuid4()}/download")
    assert hidden.status_code == missing.status_code == 404
    assert read_problem(hidden) == read_problem(missing)


def test_what_is_not_proved_yet_is_not_offered(desk: Desk, alice: httpx.Client, offer: Offer) -> None:
    job_id = add_job(desk.database, ("es", "fr"), user_id=ALICE)
    made = Artifact("dub", "fr/dub.m4a", f"jobs/{job_id}/fr/dub.m4a", "audio/mp4", 1, "0" * 64, {})
    with desk.database.transaction() as tx:
        tx.values.save_artifact(job_id, "fr", made, timedelta(hours=48))
        tx.jobs.advance(job_id, "fr", LanguageState.FINALIZING, 96)
    assert alice.get(f"/jobs/{job_id}/artifacts").json()["items"] == []
    with desk.database.transaction() as tx:
        tx.jobs.advance(job_id, "fr", LanguageState.COMPLETED, 100)
    assert [item["path"] for item in alice.get(f"/jobs/{job_id}/artifacts").json()["items"]] == ["fr/dub.m4a"]


def test_an_artifact_that_has_expired_is_not_offered_any_more(desk: Desk, alice: httpx.Client, offer: Offer) -> None:
    made = Artifact("dub", "es/dub.m4a", f"jobs/{offer.job_id}/es/dub.m4a", "audio/mp4", 1, "0" * 64, {})
    with desk.database.transaction() as tx:
        tx.values.save_artifact(offer.job_id, "es", made, timedelta(seconds=-1))
    assert alice.get(f"/jobs/{offer.job_id}/artifacts").json()["items"] == []
    assert is_gone(alice.post(f"/artifacts/{offer.artifact_id}/download"))


ENDS = {
    "expired": update(ArtifactRow).values(expires_at=func.now() - timedelta(seconds=1)),
    "erased": update(ArtifactRow).values(erased_at=func.now()),
    "asked for": update(DubbingJob).values(deletion_requested_at=func.now(), receipt_id=uuid.uuid4()),
}
"""Ways in which an artifact comes to its end before the addresses for it do."""


def end(desk: Desk, offer: Offer, how: str) -> None:
    row = ArtifactRow.job_id if how != "asked for" else DubbingJob.id
    with desk.database.transaction() as tx:
        tx.session.execute(ENDS[how].where(row == offer.job_id))


@pytest.mark.parametrize("how", ENDS)
def test_an_address_that_outlives_its_artifact_is_gone(desk: Desk, offer: Offer, how: str) -> None:
    url = offer.get_url()
    end(desk, offer, how)
    assert is_gone(httpx.get(url))
    assert httpx.head(url).status_code == 410
    assert is_gone(offer.client.post(f"/artifacts/{offer.artifact_id}/download"))
    assert offer.client.get(f"/jobs/{offer.job_id}/artifacts").json()["items"] == []


@pytest.mark.parametrize("how", ENDS)
def test_a_broken_transfer_does_not_go_on_after_the_artifact_has_ended(desk: Desk, offer: Offer, how: str) -> None:
    url = offer.get_url()
    arrived = break_off(url, 1_000_000)
    wait_for(lambda: count_broken(desk, offer) == 1, "the end of the transfer to be noted")
    end(desk, offer, how)
    assert is_gone(httpx.get(url, headers={"Range": f"bytes={arrived}-"}))


def test_an_artifact_that_is_erased_between_two_looks_is_gone_and_no_fault_of_the_store(
    desk: Desk, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, store = offer.get_url(), desk.container.store
    read = store.read

    def read_after_the_sweep(key: str, **part: int) -> object:
        store.delete(key)
        end(desk, offer, "erased")
        return read(key, **part)

    monkeypatch.setattr(store, "read", read_after_the_sweep)
    assert is_gone(httpx.get(url))


@contextmanager
def transferring(url: str) -> Iterator[socket.socket]:
    """A connection on which a file has begun to arrive; nothing more is sent than fits between the two sides."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=30) as connection:
        connection.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(12, socket.MSG_WAITALL) == b"HTTP/1.1 200"
        yield connection


def read_to_the_end(connection: socket.socket) -> tuple[int, bytes]:
    """The length that was announced, and all that came until the other side hung up."""
    received = b"".join(iter(lambda: connection.recv(1 << 20), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    (length,) = (line for line in head.lower().splitlines() if line.startswith(b"content-length:"))
    return int(length.split(b":")[1]), body


def test_a_file_that_is_erased_while_it_is_downloaded_from_the_folder_arrives_whole(desk: Desk, offer: Offer) -> None:
    url = offer.get_url()
    with transferring(url) as connection:
        desk.container.store.delete(f"jobs/{offer.job_id}/es/dub.m4a")
        end(desk, offer, "erased")
        assert read_to_the_end(connection) == (len(CONTENT), CONTENT)
    assert is_gone(httpx.get(url))


def test_a_file_that_is_erased_while_it_is_downloaded_from_s3_arrives_whole_or_is_seen_to_be_short(
    tmp_path: Path, database_url: str, seaweedfs: SeaweedFS
) -> None:
    bucket = f"tests-{uuid.uuid4().hex[:12]}"
    seaweedfs.make_store(bucket)
    s3 = {
        "store": "s3",
        "bucket": bucket,
        "s3_endpoint_url": seaweedfs.url,
        "s3_access_key_id": SecretStr(ACCESS_KEY_ID),
        "s3_secret_access_key": SecretStr(SECRET_ACCESS_KEY),
    }
    with open_desk(tmp_path, database_url, **s3) as desk, desk.sign_in(ALICE) as client:
        offer = make_offer(desk, client, tmp_path)
        url = offer.get_url()
        with transferring(url) as connection:
            desk.container.store.delete(f"jobs/{offer.job_id}/es/dub.m4a")
            end(desk, offer, "erased")
            length, body = read_to_the_end(connection)
        assert length == len(CONTENT)
        assert body == CONTENT or (len(body) < length and CONTENT.startswith(body))
        assert is_gone(httpx.get(url))


@pytest.mark.parametrize("says_so", [True, False])
def test_a_store_that_breaks_off_ends_the_reply_short_and_never_whole(
    desk: Desk, offer: Offer, monkeypatch: pytest.MonkeyPatch, says_so: bool
) -> None:
    @contextmanager
    def break_off_midway(_key: str, **_part: int) -> Iterator[Iterator[bytes]]:
        def give() -> Iterator[bytes]:
            yield CONTENT[:1_000_000]
            if says_so:
                raise StorageError("The store broke off; try again.")

        yield give()

    url = offer.get_url()
    monkeypatch.setattr(desk.container.store, "read", break_off_midway)
    with transferring(url) as connection:
        assert read_to_the_end(connection) == (len(CONTENT), CONTENT[:1_000_000])
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(offer.get_url())


def test_the_token_is_kept_nowhere(desk: Desk, offer: Offer) -> None:
    token = offer.get_url().rpartition("/")[2]
    with desk.database.transaction() as tx:
        rows = tx.session.execute(Download.__table__.select()).all()
    assert token not in str(rows)
