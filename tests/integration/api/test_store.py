"""The folder store over HTTP, beyond what every store does: conditions, broken uploads, what is left on disk."""

import hashlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx
import psutil
import pytest

from tests.support.store_server import ServedStore, served_folder_store
from tests.support.waiting import wait_for

KEY = "uploads/1"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedStore]:
    with served_folder_store(tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture
def served(shared: ServedStore) -> Iterator[ServedStore]:
    yield shared
    shared.store.delete(KEY)


@pytest.fixture
def address(served: ServedStore, tmp_path: Path) -> str:
    (tmp_path / "file").write_bytes(b"sound")
    served.store.put(KEY, tmp_path / "file")
    return served.store.sign_download(KEY, expires_in_s=60)


def sign_upload(served: ServedStore, body: bytes) -> str:
    sha256 = hashlib.sha256(body).hexdigest()
    return served.store.sign_upload(
        KEY, media_type="audio/mp4", size_bytes=len(body), sha256=sha256, expires_in_s=60
    ).url


def open_upload(url: str, *headers: str) -> socket.socket:
    """Begin an upload by hand, for what no HTTP library would send."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=30)
    lines = [f"PUT {parts.path}?{parts.query} HTTP/1.1", f"Host: {parts.netloc}", "Content-Type: audio/mp4", *headers]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection


def count_aside(served: ServedStore) -> int:
    aside = served.folder / ".incoming"
    return len(list(aside.iterdir())) if aside.exists() else 0


def is_open(served: ServedStore, body: bytes) -> bool:
    """Whether a whole upload of the key is accepted."""
    return httpx.put(sign_upload(served, body), headers={"Content-Type": "audio/mp4"}, content=body).is_success


def test_a_download_says_that_it_is_private_and_nothing_but_a_file(address: str) -> None:
    headers = httpx.get(address).headers
    assert headers["cache-control"] == "private, no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"] == "attachment"
    assert headers["content-type"] == "application/octet-stream"
    assert headers["accept-ranges"] == "bytes"


def test_the_media_type_follows_from_the_key(served: ServedStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"sound")
    served.store.put("jobs/1/captions.vtt", tmp_path / "file")
    answer = httpx.get(served.store.sign_download("jobs/1/captions.vtt", expires_in_s=60))
    assert answer.headers["content-type"].startswith("text/vtt")


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_what_the_client_has_is_not_sent_again(address: str, form: str) -> None:
    etag = httpx.get(address).headers["etag"]
    answer = httpx.get(address, headers={"If-None-Match": form.format(etag)})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)


def test_what_has_not_changed_since_is_not_sent_again(address: str) -> None:
    changed = httpx.get(address).headers["last-modified"]
    assert httpx.get(address, headers={"If-Modified-Since": changed}).status_code == 304
    for since in ("Thu, 01 Jan 1970 00:00:00 GMT", "nonsense", ""):
        assert httpx.get(address, headers={"If-Modified-Since": since}).status_code == 200


def test_an_etag_counts_more_than_a_date(address: str) -> None:
    changed = httpx.get(address).headers["last-modified"]
    headers = {"If-None-Match": '"other"', "If-Modified-Since": changed}
    assert httpx.get(address, headers=headers).status_code == 200


def test_new_bytes_have_another_etag(served: ServedStore, address: str, tmp_path: Path) -> None:
    etag = httpx.get(address).headers["etag"]
    (tmp_path / "file").write_bytes(b"other")
    served.store.put(KEY, tmp_path / "file")
    answer = httpx.get(address, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (200, b"other")


def test_a_range_of_other_bytes_is_not_mixed_in(address: str) -> None:
    etag = httpx.get(address).headers["etag"]
    same = httpx.get(address, headers={"Range": "bytes=2-", "If-Range": etag})
    other = httpx.get(address, headers={"Range": "bytes=2-", "If-Range": '"other"'})
    assert (same.status_code, same.content) == (206, b"und")
    assert (other.status_code, other.content) == (200, b"sound")


@pytest.mark.parametrize("wanted", ["bytes=9-", "bytes=-0", "bytes=3-1", "bytes=a-b", "lines=1-2", "bytes="])
def test_a_range_that_makes_no_sense_is_the_clients_error(address: str, wanted: str) -> None:
    answer = httpx.get(address, headers={"Range": wanted})
    assert answer.is_client_error
    assert b"sound" not in answer.content


def test_refusals_have_codes(served: ServedStore, address: str) -> None:
    upload = sign_upload(served, b"sound")
    assert httpx.get(address[:-1]).json()["code"] == "address_rejected"
    assert httpx.put(upload, headers={"Content-Type": "a/b"}, content=b"sound").json()["code"] == "upload_mismatch"
    taken = httpx.put(upload, headers={"Content-Type": "audio/mp4"}, content=b"sound")
    assert (taken.status_code, taken.json()["code"]) == (409, "upload_taken")
    served.store.delete(KEY)
    missing = httpx.get(address)
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "path", ["/v1/store/", "/v1/store/../../etc/passwd", "/v1/store/%2e%2e/keys", "/v1/store/.incoming"]
)
def test_nothing_is_served_without_a_signature(served: ServedStore, address: str, path: str) -> None:
    parts = urlsplit(address)
    for query in ("", f"?{parts.query}"):
        assert httpx.get(f"{parts.scheme}://{parts.netloc}{path}{query}").is_client_error


def test_an_upload_that_breaks_off_leaves_nothing_and_may_be_sent_again(served: ServedStore) -> None:
    with open_upload(sign_upload(served, b"sound" * 1000), "Content-Length: 5000") as connection:
        connection.sendall(b"sound" * 500)
        wait_for(lambda: count_aside(served) == 1, "the upload to begin")
    wait_for(lambda: count_aside(served) == 0, "what was received to be removed")
    assert served.store.find_info(KEY) is None
    assert is_open(served, b"sound" * 1000)


def test_an_upload_longer_than_declared_is_stopped_at_once(served: ServedStore) -> None:
    # Without uvicorn, which never hands on more than the Content-Length; another server might.
    sent: list[dict[str, Any]] = []
    blocks = iter([b"sou", b"nd", b"more"])

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": next(blocks), "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    parts = urlsplit(sign_upload(served, b"sound"))
    headers = [(b"content-type", b"audio/mp4"), (b"content-length", b"5")]
    scope = {"type": "http", "method": "PUT", "path": parts.path, "query_string": parts.query.encode()}
    anyio.run(served.app, {**scope, "headers": headers, "asgi": {"version": "3.0"}}, receive, send)
    assert (sent[0]["status"], b"longer" in sent[1]["body"]) == (422, True)
    assert count_aside(served) == 0
    assert served.store.find_info(KEY) is None


def test_an_upload_that_contradicts_itself_about_its_length_is_refused(served: ServedStore) -> None:
    url = sign_upload(served, b"sound")
    with open_upload(url, "Content-Length: 5", "Transfer-Encoding: chunked") as connection:
        connection.sendall(b"a\r\nsoundsound\r\n")
        assert b" 400 " in connection.recv(4096).splitlines()[0]
    wait_for(lambda: count_aside(served) == 0, "what was received to be removed")
    assert served.store.find_info(KEY) is None


@pytest.mark.parametrize("length", ["4", "6", "+5", "05", "0x5", "5, 5", "-5", "5_0"])
def test_an_upload_that_announces_another_length_is_refused_before_its_body(served: ServedStore, length: str) -> None:
    with open_upload(sign_upload(served, b"sound"), f"Content-Length: {length}") as connection:
        assert b" 4" in connection.recv(4096).splitlines()[0][:10]
    assert served.store.find_info(KEY) is None


def test_a_second_upload_meanwhile_is_refused(served: ServedStore) -> None:
    with open_upload(sign_upload(served, b"sound"), "Content-Length: 5") as connection:
        wait_for(lambda: count_aside(served) == 1, "the upload to begin")
        assert not is_open(served, b"sound")
        connection.sendall(b"sound")
        assert b" 201 " in connection.recv(4096).splitlines()[0]


def test_an_upload_that_sends_nothing_more_is_given_up(tmp_path: Path) -> None:
    with served_folder_store(tmp_path, idle_s=0.2) as served:
        with open_upload(sign_upload(served, b"sound"), "Content-Length: 5") as connection:
            connection.sendall(b"sou")
            assert b" 422 " in connection.recv(4096).splitlines()[0]
        wait_for(lambda: count_aside(served) == 0, "what was received to be removed")


def test_neither_way_holds_the_body_in_memory(served: ServedStore, tmp_path: Path) -> None:
    large = tmp_path / "large"
    block = os.urandom(1 << 20)
    with large.open("wb") as out:
        for _ in range(200):
            out.write(block)
    sha256 = hashlib.file_digest(large.open("rb"), "sha256").hexdigest()
    before = psutil.Process().memory_info().rss
    upload = served.store.sign_upload(
        KEY, media_type="a/b", size_bytes=large.stat().st_size, sha256=sha256, expires_in_s=60
    )
    with large.open("rb") as body:
        assert httpx.put(upload.url, headers=dict(upload.headers), content=body, timeout=60).is_success
    read = hashlib.sha256()
    with httpx.stream("GET", served.store.sign_download(KEY, expires_in_s=60)) as answer:
        for received in answer.iter_raw():
            read.update(received)
    assert read.hexdigest() == sha256
    assert psutil.Process().memory_info().rss - before < 60_000_000
