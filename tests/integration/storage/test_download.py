"""The download helper against a server that misbehaves on purpose."""

import hashlib
import logging
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dubbing.errors import DiskFullError, ObjectMissingError, StorageError
from resources.storage.download import ATTEMPTS, download

BODY = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(BODY).hexdigest()
ETAG = '"one"'

Step = Callable[[BaseHTTPRequestHandler], None]


def answer(
    status: int = 200, body: bytes = BODY, *, cut_at: int | None = None, length: int | None = None, **headers: str
) -> Step:
    """Answer; cut off after so many bytes although more were announced."""

    def step(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body[:cut_at])

    return step


def rest(start: int, **headers: str) -> Step:
    return answer(206, BODY[start:], Content_Range=f"bytes {start}-{len(BODY) - 1}/{len(BODY)}", **headers)


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


class Server:
    """Takes one step of the script for each request; the last one again and again."""

    def __init__(self) -> None:
        self.script: list[Step] = [answer()]
        self.requests: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append({name.lower(): value for name, value in self.headers.items()})
                step = outer.script.pop(0) if len(outer.script) > 1 else outer.script[0]
                step(self)

            def log_message(self, *arguments: object) -> None: ...

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *arguments: object) -> None:
                """A client that gives up is part of the plan."""

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/object?token=very-secret"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.http.shutdown()
    server.http.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert not list(tmp_path.iterdir()), "something was left behind"


def get(server: Server, **expected: object) -> bytes:
    with download(server.url, first_pause_s=0.001, **expected) as path:
        return path.read_bytes()


def test_what_is_served_is_given(server: Server) -> None:
    assert get(server, sha256=SHA256, size_bytes=len(BODY)) == BODY


def test_a_transfer_that_breaks_off_goes_on_where_it_stopped(server: Server) -> None:
    server.script = [answer(cut_at=300_000, ETag=ETAG), rest(300_000, ETag=ETAG)]
    assert get(server, sha256=SHA256) == BODY
    assert (server.requests[1]["range"], server.requests[1]["if-range"]) == ("bytes=300000-", ETAG)


@pytest.mark.parametrize("etag", ["", 'W/"one"'])
def test_without_a_strong_etag_it_starts_again(server: Server, etag: str) -> None:
    server.script = [answer(cut_at=300_000, ETag=etag), answer()]
    assert get(server, sha256=SHA256) == BODY
    assert "range" not in server.requests[1]


def test_bytes_that_changed_meanwhile_are_read_from_the_start(server: Server) -> None:
    other = b"other" * 1000
    server.script = [answer(cut_at=300_000, ETag=ETAG), answer(body=other, ETag='"two"')]
    assert get(server, sha256=hashlib.sha256(other).hexdigest()) == other


def test_another_range_than_asked_for_is_not_believed(server: Server) -> None:
    server.script = [answer(cut_at=300_000, ETag=ETAG), rest(5), answer()]
    assert get(server, sha256=SHA256) == BODY


@pytest.mark.parametrize("step", [answer(500), answer(503), answer(429), answer(408), hang_up, answer(cut_at=7)])
def test_what_may_pass_is_tried_again(server: Server, step: Step) -> None:
    server.script = [step, answer()]
    assert get(server, sha256=SHA256) == BODY


@pytest.mark.parametrize("step", [answer(500), hang_up, answer(cut_at=7), answer(cut_at=7, ETag=ETAG)])
def test_what_does_not_pass_is_given_up(server: Server, step: Step) -> None:
    server.script = [step]
    with pytest.raises(StorageError, match="broke off"):
        get(server)
    assert len(server.requests) == ATTEMPTS


@pytest.mark.parametrize("status", [404, 410])
def test_a_missing_object_is_named_at_once(server: Server, status: int) -> None:
    server.script = [answer(status)]
    with pytest.raises(ObjectMissingError):
        get(server)
    assert len(server.requests) == 1


def test_a_store_may_say_in_its_own_way_that_there_is_none(server: Server) -> None:
    server.script = [answer(400, b'{"statusCode":"404"}')]
    with pytest.raises(ObjectMissingError):
        get(server, is_missing=lambda status, body: status == 400 and b"404" in body)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 204])
def test_a_refusal_or_a_redirect_is_not_tried_again_nor_followed(server: Server, status: int) -> None:
    server.script = [answer(status, b"", Location="http://127.0.0.1:9/elsewhere")]
    with pytest.raises(StorageError, match=str(status)):
        get(server)
    assert len(server.requests) == 1


def test_other_bytes_are_refused(server: Server) -> None:
    with pytest.raises(StorageError, match="other bytes"):
        get(server, sha256="0" * 64)


def test_more_bytes_than_the_object_has_are_not_written(server: Server) -> None:
    with pytest.raises(StorageError, match="more bytes"):
        get(server, size_bytes=1000)


def test_a_shorter_object_than_expected_is_refused(server: Server) -> None:
    with pytest.raises(StorageError, match="another length"):
        get(server, size_bytes=len(BODY) + 1)


def test_a_compressed_answer_is_refused(server: Server) -> None:
    server.script = [answer(Content_Encoding="gzip")]
    with pytest.raises(StorageError, match="compressed"):
        get(server)


def test_a_server_that_is_not_there_is_an_error_of_ours(server: Server) -> None:
    with (
        pytest.raises(StorageError, match="ConnectError"),
        download("http://127.0.0.1:1/object", first_pause_s=0.001),
    ):
        pass


@pytest.mark.parametrize("url", ["ftp://host/a", "http://host:port/a", "nothing"])
def test_what_is_no_address_is_an_error_of_ours(url: str) -> None:
    with pytest.raises(StorageError), download(url):
        pass


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ValueError])
def test_a_reader_that_fails_leaves_no_file(server: Server, kind: type[BaseException]) -> None:
    with pytest.raises(kind), download(server.url):
        raise kind


def test_an_interrupted_transfer_leaves_no_file(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("resources.storage.download._Transfer._write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        get(server)


def test_a_context_that_is_never_finished_leaves_no_file(server: Server) -> None:
    with ExitStack() as stack:
        path = stack.enter_context(download(server.url))
        assert path.exists()


def test_a_full_disk_is_named(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("resources.storage.download._Transfer._write", fill)
    with pytest.raises(DiskFullError):
        get(server)


@pytest.mark.parametrize("step", [answer(), answer(403), answer(500), hang_up])
def test_the_address_is_neither_logged_nor_told(server: Server, step: Step, caplog: pytest.LogCaptureFixture) -> None:
    server.script = [step]
    told = ""
    with caplog.at_level(logging.INFO):
        try:
            get(server)
        except StorageError as error:
            told = f"{error!r} {error.__cause__!r}"
    assert "secret" not in caplog.text + told
    assert "127.0.0.1" not in caplog.text + told
