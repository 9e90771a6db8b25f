"""The emulator bills what the official SDK bought through the gate, and its invoice ends what was in doubt.

It cannot prove that the real vendors list what they bill like this, nor that a broken-off answer is billed.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from dubbing.engines import Answer, Voice
from dubbing.errors import InputError, OutcomeUnknownError, VendorUnavailableError
from dubbing.reconciling import Span
from resources.database.connection import Database
from resources.database.tables import VendorCall, VendorCircuit
from resources.invoicing.emulated import open_emulated_invoice
from resources.invoicing.reconciler import Reconciled
from resources.purchasing.gate import VendorGate
from resources.purchasing.ledger import Call
from resources.purchasing.orders import Order
from resources.settings import Settings
from resources.vendors.elevenlabs_synthesizer import ElevenLabsSynthesizer
from tests.integration.purchasing.shop import Pauses, keep_as_it_is, keep_nothing
from tests.support.invoices import reconcile_emulated
from tests.support.jobs import add_job
from tests.support.waiting import wait_for
from vendor_emulator.server import API_KEYS, VendorEmulator

MODEL = "eleven_multilingual_v2"


class Counter:
    """Buys readings of ElevenLabs for one job, and compares what the emulator bills."""

    def __init__(self, database: Database, emulator: VendorEmulator) -> None:
        self.database = database
        self.emulator = emulator
        self.settings = Settings(elevenlabs_url=emulator.url)
        self._job_id = add_job(database)
        self._gate = VendorGate(database, {}, patience_s=600.0, outage_patience_s=0.0)
        self._synthesizer = ElevenLabsSynthesizer(
            API_KEYS["elevenlabs"],
            url=emulator.url,
            read_voices=lambda: None,
            write_voices=lambda voices: None,
            timeout_s=0.5,
        )
        self._voice: Voice = next(voice for voice in self._synthesizer.list_voices() if voice.language == "de")

    def buy(self, text: str) -> Any:
        call = Call("elevenlabs", MODEL, "synthesize", "engine", text, {"characters": len(text)})
        perform: Callable[[], Answer[Any]] = lambda: self._synthesizer.synthesize(text, voice=self._voice)  # noqa: E731
        pauses = Pauses()
        order = Order(self._job_id, "de", pauses, pauses.working)
        return self._gate.buy(order, call, perform, keep_as_it_is, keep_nothing)

    def list_calls(self) -> list[tuple[str, int]]:
        with self.database.transaction() as tx:
            rows = select(VendorCall.state, VendorCall.cost_usd_micros).order_by(VendorCall.started_at)
            return [(row.state, row.cost_usd_micros) for row in tx.session.execute(rows)]

    def reconcile(self) -> Reconciled:
        return reconcile_emulated(self.database, self.settings, "elevenlabs")


@pytest.fixture
def counter(database: Database, emulator: VendorEmulator) -> Iterator[Counter]:
    emulator.set_mode(speaking="tone")
    yield Counter(database, emulator)
    with database.transaction() as tx:
        tx.session.execute(delete(VendorCall))
        tx.session.execute(delete(VendorCircuit))


def test_the_ledger_agrees_with_the_invoice(counter: Counter) -> None:
    counter.buy("Guten Morgen zusammen.")
    counter.buy("Guten Abend.")
    done = counter.reconcile()
    assert (done.tally.matched, done.tally.agrees, done.invoice.invoiced_usd_micros) == (2, True, 3_400)


def test_doubts_end_by_the_invoice_whether_billed_or_not(counter: Counter) -> None:
    counter.emulator.add_fault("hang", operation="synthesize", delay_s=30)
    counter.emulator.add_fault("cut", operation="synthesize")
    counter.buy("Guten Morgen zusammen.")
    counter.emulator.add_fault("drop", operation="synthesize")
    counter.buy("Guten Abend.")
    wait_for(lambda: len(counter.emulator.list_invoice()) == 4, "what hung to be billed")
    assert [state for state, _ in counter.list_calls()].count("spend_unknown") == 3
    done = counter.reconcile()
    assert counter.list_calls() == [
        ("settled", 2_200),
        ("settled", 2_200),
        ("settled", 2_200),
        ("failed", 0),
        ("settled", 1_200),
    ]
    assert (done.tally.doubts_billed, done.tally.doubts_not_billed, done.tally.agrees) == (2, 1, True)
    assert (done.invoice.variance_usd_micros, done.invoice.doubts_ended) == (0, 3)


def test_a_new_price_at_the_vendor_is_a_variance_of_every_call_since(counter: Counter) -> None:
    counter.buy("Guten Morgen zusammen.")
    counter.emulator.reprice("elevenlabs", MODEL, "characters", 120, 1)
    counter.buy("Guten Abend.")
    done = counter.reconcile()
    assert [(item.verdict, item.ledger_usd_micros, item.invoiced_usd_micros) for item in done.items] == [
        ("different", 1_200, 1_440)
    ]
    assert done.invoice.variance_usd_micros == 240


def test_an_answer_of_no_use_costs_what_it_is_billed(counter: Counter) -> None:
    counter.emulator.add_fault("empty", operation="synthesize")
    counter.buy("Guten Morgen zusammen.")
    assert counter.reconcile().tally.agrees


def test_only_the_configured_address_is_asked_and_only_for_an_invoice(
    emulator: VendorEmulator, counter: Counter
) -> None:
    now = datetime.now(UTC)
    span = Span(now - timedelta(days=1), now, timedelta())
    for settings, vendor, kind in (
        (Settings(elevenlabs_url=f"{emulator.url}/v1"), "elevenlabs", InputError),
        (Settings(elevenlabs_url="http://127.0.0.1:9"), "elevenlabs", VendorUnavailableError),
        (counter.settings, "http://127.0.0.1", InputError),
    ):
        with pytest.raises(kind) as caught, open_emulated_invoice(settings, vendor, span):
            pass
        assert "127.0.0.1" not in str(caught.value)
    with open_emulated_invoice(Settings(openai_url=emulator.openai_url), "openai", span) as file:
        assert file.read().startswith(b"request_id,")


def test_a_call_that_is_given_up_is_in_doubt_until_then(counter: Counter) -> None:
    counter.emulator.add_fault("drop", operation="synthesize", times=20)
    with pytest.raises(OutcomeUnknownError):
        counter.buy("Guten Abend.")
    assert {state for state, _ in counter.list_calls()} == {"spend_unknown"}
    done = counter.reconcile()
    assert {state for state, _ in counter.list_calls()} == {"failed"}
    assert done.tally.doubts_not_billed == len(counter.list_calls())
