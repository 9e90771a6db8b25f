"""What vendors say is left, through their SDKs and over the wire, and what is kept of it."""

import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import delete

from dubbing.errors import OutcomeUnknownError, VendorAuthError, VendorError
from resources.database.connection import Database
from resources.database.money_tables import VendorQuota
from resources.database.vendor_quotas import Quota
from resources.settings import Settings
from resources.vendors.quotas import QuotaDesk, list_quota_questions
from vendor_emulator.server import API_KEYS, VendorEmulator

KEY = "a-key-that-nobody-may-see"
PROJECT = "3d2f-41ab"
SUBSCRIPTION, PROJECTS, BALANCES = "/v1/user/subscription", "/v1/projects", f"/v1/projects/{PROJECT}/balances"
NOTHING_LEFT = datetime(2026, 12, 1, tzinfo=UTC)
SAID: dict[str, Any] = {
    SUBSCRIPTION: {
        "tier": "creator",
        "character_count": 30_000,
        "character_limit": 100_000,
        "next_character_count_reset_unix": int(NOTHING_LEFT.timestamp()),
    },
    PROJECTS: {"projects": [{"project_id": PROJECT, "name": "dubs"}]},
    BALANCES: {
        "balances": [
            {"balance_id": "a", "amount": 12.5, "units": "USD", "purchase_order_id": "x"},
            {"balance_id": "b", "amount": 0.000001, "units": "usd", "purchase_order_id": "y"},
            {"balance_id": "c", "amount": 7, "units": "hour", "purchase_order_id": "z"},
        ]
    },
}


class Counter(ThreadingHTTPServer):
    """Says of both vendors' accounts what it is told to say; it cannot prove that the vendors say it so."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Clerk)
        self.says = dict(SAID)
        self.status = 200
        self.asked: list[str] = []
        self.hears = threading.Event()
        self.hears.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Clerk(BaseHTTPRequestHandler):
    server: Counter

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.hears.wait(30)
        said = self.server.says.get(self.path, {})
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def counter() -> Iterator[Counter]:
    with Counter() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.hears.set()
        server.shutdown()


@pytest.fixture
def settings(counter: Counter) -> Settings:
    return Settings(
        _env_file=None,
        deepgram_api_key=KEY,
        deepgram_url=counter.url,
        openai_api_key=KEY,
        elevenlabs_api_key=KEY,
        elevenlabs_url=counter.url,
    )


@pytest.fixture(autouse=True)
def _nothing_known(database: Database) -> Iterator[None]:
    yield
    with database.transaction() as tx:
        tx.session.execute(delete(VendorQuota))


def read(database: Database) -> dict[str, VendorQuota]:
    with database.transaction() as tx:
        return dict(tx.quotas.list_all())


def test_only_vendors_that_tell_and_that_we_have_a_key_of_are_asked(settings: Settings) -> None:
    assert set(list_quota_questions(settings)) == {"deepgram", "elevenlabs"}
    assert set(list_quota_questions(settings.model_copy(update={"deepgram_api_key": None}))) == {"elevenlabs"}


def test_what_is_left_is_read_in_each_vendors_unit(settings: Settings, counter: Counter) -> None:
    questions = list_quota_questions(settings)
    assert questions["elevenlabs"]() == Quota("characters", 70_000, 100_000, NOTHING_LEFT)
    assert questions["deepgram"]() == Quota("usd_micros", 12_500_001)
    assert counter.asked == [SUBSCRIPTION, PROJECTS, BALANCES]


def test_the_emulator_is_asked_as_the_vendors_are(emulator: VendorEmulator, database: Database) -> None:
    emulator.set_account("deepgram", balance_usd_micros=7_250_000)
    emulator.set_account("elevenlabs", character_count=400, character_limit=1_000)
    settings = Settings(
        _env_file=None,
        deepgram_api_key=API_KEYS["deepgram"],
        deepgram_url=emulator.url,
        elevenlabs_api_key=API_KEYS["elevenlabs"],
        elevenlabs_url=emulator.url,
    )
    desk = QuotaDesk(database, list_quota_questions(settings))
    desk.ask_due(), desk.ask_due()
    left = {vendor: (row.unit, row.units_left, row.units_total) for vendor, row in read(database).items()}
    assert left == {"deepgram": ("usd_micros", 7_250_000, 7_250_000), "elevenlabs": ("characters", 600, 1_000)}


def test_who_has_used_more_than_there_was_has_nothing_left(settings: Settings, counter: Counter) -> None:
    counter.says[SUBSCRIPTION] = {"character_count": 5, "character_limit": 3}
    counter.says[BALANCES] = {"balances": [{"amount": -3.5, "units": "usd"}]}
    questions = list_quota_questions(settings)
    assert (questions["elevenlabs"](), questions["deepgram"]()) == (Quota("characters", 0, 3), Quota("usd_micros", 0))


@pytest.mark.parametrize(
    ("vendor", "path", "said"),
    [
        ("elevenlabs", SUBSCRIPTION, {}),
        ("elevenlabs", SUBSCRIPTION, []),
        ("elevenlabs", SUBSCRIPTION, None),
        ("elevenlabs", SUBSCRIPTION, b"<html>"),
        ("elevenlabs", SUBSCRIPTION, {"character_count": "many", "character_limit": 1}),
        ("elevenlabs", SUBSCRIPTION, {"character_count": 0, "character_limit": -1}),
        ("elevenlabs", SUBSCRIPTION, {"character_count": 0, "character_limit": 10**30}),
        ("elevenlabs", SUBSCRIPTION, SAID[SUBSCRIPTION] | {"next_character_count_reset_unix": 10**15}),
        ("elevenlabs", SUBSCRIPTION, b"[" * 100_000),
        ("deepgram", PROJECTS, {}),
        ("deepgram", PROJECTS, []),
        ("deepgram", PROJECTS, {"projects": []}),
        ("deepgram", PROJECTS, {"projects": "none"}),
        ("deepgram", PROJECTS, {"projects": [{"project_id": "../../v1/speak"}]}),
        ("deepgram", PROJECTS, b"<html>"),
        ("deepgram", BALANCES, {}),
        ("deepgram", BALANCES, {"balances": []}),
        ("deepgram", BALANCES, {"balances": ["usd"]}),
        ("deepgram", BALANCES, {"balances": [{"amount": 3, "units": "hour"}]}),
        ("deepgram", BALANCES, {"balances": [{"amount": "three", "units": "usd"}]}),
        ("deepgram", BALANCES, {"balances": [{"units": "usd"}]}),
        ("deepgram", BALANCES, b'{"balances": [{"amount": NaN, "units": "usd"}]}'),
        ("deepgram", BALANCES, b'{"balances": [{"amount": 1e300, "units": "usd"}]}'),
    ],
)
def test_an_answer_that_makes_no_sense_is_an_error_of_the_vendors(
    settings: Settings, counter: Counter, vendor: str, path: str, said: object
) -> None:
    counter.says[path] = said
    with pytest.raises(VendorError):
        list_quota_questions(settings)[vendor]()


@pytest.mark.parametrize("vendor", ["deepgram", "elevenlabs"])
def test_a_vendor_that_refuses_or_says_nothing_is_not_waited_for(
    settings: Settings, counter: Counter, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.vendors.quotas.TIMEOUT_S", 0.2)
    ask = list_quota_questions(settings)[vendor]
    counter.status = 403
    with pytest.raises(VendorAuthError):
        ask()
    counter.hears.clear()
    with pytest.raises(OutcomeUnknownError):
        ask()


def test_each_vendor_is_asked_once_in_ten_minutes_and_one_a_time(
    settings: Settings, database: Database, counter: Counter
) -> None:
    now = datetime.now(UTC)
    desk = QuotaDesk(database, list_quota_questions(settings), clock=lambda: now)
    assert [desk.ask_due() for _ in range(3)] == ["deepgram", "elevenlabs", None]
    known = read(database)
    assert (known["elevenlabs"].units_left, known["elevenlabs"].units_total) == (70_000, 100_000)
    assert (known["deepgram"].units_left, known["deepgram"].units_total) == (12_500_001, 12_500_001)
    counter.asked.clear()
    another = QuotaDesk(database, list_quota_questions(settings), clock=lambda: now + timedelta(minutes=9))
    assert (another.ask_due(), counter.asked) == (None, [])
    now += timedelta(minutes=11)
    assert [desk.ask_due() for _ in range(3)] == ["deepgram", "elevenlabs", None]


def test_while_somebody_asks_nobody_else_does(settings: Settings, database: Database, counter: Counter) -> None:
    with database.try_hold("vendor quotas"):
        assert QuotaDesk(database, list_quota_questions(settings)).ask_due() is None
    assert counter.asked == []


def test_a_vendor_that_is_down_keeps_what_it_said_and_when_and_the_others_are_asked(
    settings: Settings, database: Database, counter: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    now = datetime.now(UTC)
    desk = QuotaDesk(database, list_quota_questions(settings), clock=lambda: now)
    desk.ask_due(), desk.ask_due()
    before = read(database)
    now += timedelta(minutes=11)
    counter.says[PROJECTS] = b"<html>"
    counter.says[SUBSCRIPTION] = {"character_count": 90_000, "character_limit": 100_000}
    assert [desk.ask_due() for _ in range(3)] == ["deepgram", "elevenlabs", None]
    after = read(database)
    assert (after["deepgram"].units_left, after["deepgram"].asked_at) == (12_500_001, before["deepgram"].asked_at)
    assert after["elevenlabs"].units_left == 10_000
    assert after["elevenlabs"].asked_at > before["elevenlabs"].asked_at
    assert "What is left at deepgram is not known now" in caplog.text
    assert KEY not in caplog.text


def test_a_key_that_cannot_be_sent_stops_nothing(
    settings: Settings, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    broken = settings.model_copy(update={"deepgram_api_key": settings.deepgram_api_key.__class__("not a key")})
    desk = QuotaDesk(database, list_quota_questions(broken))
    assert [desk.ask_due() for _ in range(3)] == ["deepgram", "elevenlabs", None]
    assert set(read(database)) == {"elevenlabs"}
    assert "not a key" not in caplog.text
