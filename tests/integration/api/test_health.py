"""What those who watch the process are told, over a real database; what hangs or is down is put there by hand."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.health.probes import PATIENCE_S
from dubbing.errors import StorageError
from resources.database.connection import Database
from resources.database.signs_of_life import Sign, show_sign
from resources.storage.folder import FolderStore
from tests.support.desk import Desk, open_desk


def ask(desk: Desk) -> tuple[int, dict[str, Any]]:
    reply = httpx.get(f"{desk.url}/readyz", timeout=30)
    return reply.status_code, reply.json()


@pytest.fixture
def daemon(desk: Desk) -> Iterator[None]:
    """Something that shows the daemon's sign of life, as the sensor does it."""
    desk.database.ping()  # its tables are made with the first question
    database = Database(desk.container.database_urls[0])
    with database.transaction() as tx:
        show_sign(tx.session, Sign.DAEMON)
    yield
    database.close()


@pytest.mark.usefixtures("daemon")
def test_all_is_well_when_everything_answers(desk: Desk) -> None:
    status, body = ask(desk)
    assert (status, body["status"]) == (200, "ready")
    assert all(check["ok"] and check["error_code"] is None for check in body["checks"].values())
    assert body["checks"]["disk"]["free_mb"] > 0
    assert body["checks"]["daemon"]["seen_at"] is not None


def test_without_a_daemon_requests_are_answered_all_the_same_and_it_is_told(desk: Desk) -> None:
    status, body = ask(desk)
    assert (status, body["status"]) == (200, "degraded")
    assert body["checks"]["daemon"] == {"ok": False, "error_code": "daemon_silent", "seen_at": None}


@pytest.mark.usefixtures("daemon")
def test_a_daemon_that_has_been_silent_for_long_is_down(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.health.probes.DAEMON_SILENCE", timedelta(seconds=-1))
    _, body = ask(desk)
    assert body["checks"]["daemon"]["ok"] is False
    assert body["checks"]["daemon"]["seen_at"] is not None


def test_a_store_that_refuses_is_named_and_its_words_are_not(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_store: FolderStore, _key: str) -> None:
        raise StorageError("refused at https://store.example?signature=secret")

    monkeypatch.setattr(FolderStore, "find_info", refuse)
    reply = httpx.get(f"{desk.url}/readyz")
    body = reply.json()
    assert (reply.status_code, body["status"]) == (503, "unready")
    assert body["checks"]["store"] == {"ok": False, "error_code": "storage_failed"}
    assert body["checks"]["database"]["ok"]
    assert "secret" not in reply.text


def test_a_store_that_hangs_is_told_in_time_and_costs_one_thread_however_often_one_asks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, asked = threading.Event(), Counter[str]()

    def hang(_store: FolderStore, key: str) -> None:
        asked[key] += 1
        answer.wait(60)

    monkeypatch.setattr(FolderStore, "find_info", hang)
    begun = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: ask(desk), range(8)))
    assert time.monotonic() - begun < PATIENCE_S + 15  # the store would hang for a minute
    assert {status for status, _ in answers} == {503}
    assert {body["checks"]["store"]["error_code"] for _, body in answers} == {"storage_failed"}
    assert {body["checks"]["database"]["ok"] for _, body in answers} == {True}
    assert list(asked.values()) == [1]
    answer.set()
    assert ask(desk)[0] == 200


def test_a_full_disk_is_told_with_what_is_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.health.probes.MIN_FREE_MB", 10**9)
    status, body = ask(desk)
    assert (status, body["checks"]["disk"]["error_code"]) == (503, "disk_full")
    assert body["checks"]["disk"]["free_mb"] > 0


def test_a_database_that_is_gone_is_named_and_its_address_is_not(tmp_path: Path) -> None:
    with open_desk(tmp_path, "postgresql://nobody:hunter2@127.0.0.1:1/nothing") as desk:
        reply = httpx.get(f"{desk.url}/readyz")
    checks = reply.json()["checks"]
    assert reply.status_code == 503
    assert checks["database"]["error_code"] == checks["daemon"]["error_code"] == "database_unavailable"
    assert checks["store"]["ok"]
    assert "hunter2" not in reply.text
