"""Prices that change, the invoice as a table, and accounts that run low."""

import csv
import io
from collections.abc import Iterator

import httpx
import pytest
from deepgram.core.api_error import ApiError as DeepgramError
from elevenlabs.core.api_error import ApiError as ElevenlabsError

from tests.integration.vendors.emulated_vendors import Desk, open_desk


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with open_desk() as opened:
        yield opened


@pytest.fixture(autouse=True)
def _fresh(desk: Desk) -> None:
    desk.emulator.reset()
    desk.emulator.set_mode(speaking="tone")


@pytest.fixture
def control(desk: Desk) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{desk.emulator.url}/_emulator") as client:
        yield client


def test_a_price_counts_from_now_on_until_all_is_reset(desk: Desk, control: httpx.Client) -> None:
    price = {"vendor": "deepgram", "model": "aura-2", "unit": "characters", "usd_micros": 45_000, "per_units": 1000}
    desk.speak("a" * 10)
    control.post("/prices", json=price).raise_for_status()
    desk.speak("a" * 10)
    charged = [(line["usd_micros"], line["prices"]) for line in control.get("/invoice").json()]
    assert charged == [
        (300, {"characters": {"usd_micros": 30, "per_units": 1}}),
        (450, {"characters": {"usd_micros": 45, "per_units": 1}}),
    ]
    desk.emulator.reset()
    desk.emulator.set_mode(speaking="tone")
    desk.speak("a" * 10)
    assert [line.usd_micros for line in desk.emulator.list_invoice()] == [300]


@pytest.mark.parametrize(
    "wrong", [{"unit": "ms"}, {"model": "aura-9"}, {"vendor": "acme"}, {"usd_micros": -1}, {"per_units": 0}]
)
def test_a_price_that_cannot_be_is_refused(control: httpx.Client, wrong: dict[str, object]) -> None:
    price = {"vendor": "deepgram", "model": "aura-2", "unit": "characters", "usd_micros": 1, "per_units": 1}
    assert control.post("/prices", json=price | wrong).status_code == 400


def test_the_invoice_is_a_table_of_a_vendor_and_a_span(desk: Desk, control: httpx.Client) -> None:
    desk.convert("Bom dia")
    desk.speak("Hi")
    desk.speak("Hello")
    first, second = desk.emulator.list_invoice("deepgram")
    wanted = {"vendor": "deepgram", "format": "csv", "to": second.at.isoformat()}
    reply = control.get("/invoice", params=wanted)
    assert reply.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(reply.text))
    assert {name: text for name, text in row.items() if text} == {
        "request_id": first.request_id,
        "vendor": "deepgram",
        "operation": "synthesize",
        "model": "aura-2",
        "characters": "2",
        "usd_micros": "60",
        "at": first.at.isoformat(),
    }
    assert len(control.get("/invoice", params={"vendor": "deepgram", "from": second.at.isoformat()}).json()) == 1
    assert control.get("/invoice", params={"from": "2026-01-01"}).status_code == 400


def test_deepgrams_balance_falls_as_calls_are_billed(desk: Desk, control: httpx.Client) -> None:
    control.post("/accounts", json={"vendor": "deepgram", "balance_usd_micros": 5_000_000}).raise_for_status()
    desk.speak("a" * 100)
    projects = desk.deepgram.manage.v1.projects
    (project,) = projects.list().projects
    (balance,) = projects.billing.balances.list(project.project_id).balances
    assert (balance.amount, balance.units) == (4.997, "usd")
    with pytest.raises(DeepgramError) as refused:
        projects.billing.balances.list("another")
    assert refused.value.status_code == 404


def test_elevenlabs_characters_are_counted_as_they_are_read(desk: Desk, control: httpx.Client) -> None:
    account = {"character_count": 900, "character_limit": 1_000, "next_character_count_reset_unix": 1_800_000_000}
    control.post("/accounts", json={"vendor": "elevenlabs", **account}).raise_for_status()
    desk.convert("a" * 60)
    said = desk.elevenlabs.user.subscription.get()
    assert (said.character_count, said.character_limit) == (960, 1_000)
    assert said.next_character_count_reset_unix == 1_800_000_000
    assert said.current_overage.amount == "0"


def test_only_amounts_that_an_account_has_can_be_set(control: httpx.Client) -> None:
    for wrong in ({"vendor": "openai", "balance_usd_micros": 1}, {"vendor": "deepgram", "balance_usd_micros": "1"}):
        assert control.post("/accounts", json=wrong).status_code == 400


def test_an_account_that_cannot_be_asked_is_a_refusal_in_the_vendors_words(desk: Desk) -> None:
    desk.emulator.add_fault("status", operation="account", status=503, times=2)
    with pytest.raises(DeepgramError) as deepgram:
        desk.deepgram.manage.v1.projects.list()
    with pytest.raises(ElevenlabsError) as elevenlabs:
        desk.elevenlabs.user.subscription.get(request_options={"max_retries": 0})
    assert deepgram.value.status_code == elevenlabs.value.status_code == 503
