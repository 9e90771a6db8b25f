"""The bill against the invoice: after a day on which much went wrong, every job and language costs what vendors bill.

The emulator sums up its invoice with prices and code of its own; request ids join the two, and nothing else.
"""

import uuid
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from dubbing.jobs import LanguageState
from dubbing.price_sets import PriceEntry
from dubbing.usage import Price
from resources.database.cost_views import CostQuery, CostRow, Group, list_costs
from resources.database.tables import CallState, VendorCall
from tests.integration.line.cloud import CloudLine
from tests.support.invoices import reconcile_emulated
from tests.support.waiting import wait_for

VENDORS = ("deepgram", "openai", "elevenlabs")
NEW_PRICE = 41_000
"""Of a thousand characters by Aura, micro-dollars."""

Key = tuple[date, str, str | None]
"""Day, job and language that something was bought for."""


def dub_with_faults(line: CloudLine) -> uuid.UUID:
    """Two languages, with refusals, useless answers that are billed, and two calls that nobody heard the end of."""
    line.emulator.add_fault("status", vendor="deepgram", operation="recognize", status=503)
    line.emulator.add_fault("status", vendor="openai", status=429, retry_after=0.1, times=2)
    line.emulator.add_fault("json", vendor="openai")
    line.emulator.add_fault("silence", vendor="deepgram", operation="synthesize", times=2)
    line.emulator.add_fault("cut", vendor="elevenlabs", operation="synthesize")
    line.emulator.add_fault("drop", vendor="elevenlabs", operation="synthesize", billed=True)
    line.emulator.add_fault("drop", vendor="elevenlabs", operation="synthesize", billed=False)
    job_id = line.dub("es", "pt-BR")
    line.emulator.clear_faults()
    return job_id


def reprice(line: CloudLine) -> None:
    """Let Aura cost more from now on, there and here."""
    soon = datetime.now(UTC) + timedelta(seconds=0.5)
    price = Price(NEW_PRICE, 1_000)
    with line.container.database.transaction() as tx:
        tx.prices.add([PriceEntry("deepgram", "aura-2", "characters", price, soon, "a letter")])
    wait_for(lambda: datetime.now(UTC) > soon, "the new price")
    line.emulator.reprice("deepgram", "aura-2", "characters", price.usd_micros, price.per_units)


def dub_half(line: CloudLine, first: uuid.UUID) -> uuid.UUID:
    """One language in other voices, and one that is translated and then cannot be read."""
    offered = line.container.synthesizer.list_voices()
    voices = [voice.name for voice in offered if voice.language == "es" and voice.model == "aura-2"]
    used = set(line.casting(first, "es").values())
    one, other = [name for name in voices if name not in used][:2]
    line.emulator.add_fault("silence", vendor="deepgram", operation="synthesize", match="-de", times=1000)
    line.emulator.add_fault("silence", vendor="elevenlabs", operation="synthesize", times=1000)
    job_id = line.submit("es", "de", voices={"es": {"1": one, "2": other}})
    line.run(job_id)
    line.emulator.clear_faults()
    return job_id


def move_over_midnight(line: CloudLine, job_id: uuid.UUID) -> None:
    """Let the first half of a job's calls have begun in the last microsecond of the day before."""
    begun = select(VendorCall.id).where(VendorCall.job_id == job_id).order_by(VendorCall.started_at)
    midnight = func.date_trunc("day", func.timezone("UTC", func.clock_timestamp()))
    before = func.timezone("UTC", midnight - timedelta(microseconds=1))
    with line.container.database.transaction() as tx:
        calls = list(tx.session.scalars(begun))
        first_half = VendorCall.id.in_(calls[: len(calls) // 2])
        tx.session.execute(update(VendorCall).where(first_half).values(started_at=before, settled_at=before))


def read_invoice(line: CloudLine) -> dict[Key, int]:
    """Sum up what the vendors bill; the ledger says only when and for whom a request was made."""
    with line.container.database.transaction() as tx:
        calls = tx.session.scalars(select(VendorCall).where(VendorCall.vendor_request_id.is_not(None))).all()
    keys = {
        (call.vendor, call.vendor_request_id): (call.started_at.astimezone(UTC).date(), str(call.job_id), call.language)
        for call in calls
    }
    sums: dict[Key, int] = defaultdict(int)
    for charged in line.emulator.list_invoice():
        sums[keys[charged.vendor, charged.request_id]] += charged.usd_micros
    return dict(sums)


def make_report(line: CloudLine) -> dict[Key, CostRow]:
    """Make the bills of both days, and report them by day, job and language."""
    today = datetime.now(UTC).date()
    for day in (today - timedelta(days=1), today):
        line.container.biller.make(day)
    query = CostQuery(today - timedelta(days=1), today, (Group.DAY, Group.JOB, Group.LANGUAGE), 1_000)
    with line.container.database.transaction() as tx:
        costs = list_costs(tx, query)
    assert costs.left_out == 0
    assert not costs.unbilled_days
    return {(row.keys[Group.DAY], str(row.keys[Group.JOB]), row.keys[Group.LANGUAGE]): row for row in costs.rows}  # type: ignore[misc]


def compare(line: CloudLine) -> dict[Key, CostRow]:
    """Hold the report against the invoice, to the micro-dollar."""
    report = make_report(line)
    costs = {key: row.sums.cost_usd_micros for key, row in report.items() if row.sums.cost_usd_micros}
    assert costs == read_invoice(line)
    assert sum(costs.values()) == sum(charged.usd_micros for charged in line.emulator.list_invoice())
    return report


def test_after_a_mixed_day_the_report_is_the_invoice(line: CloudLine) -> None:
    first = dub_with_faults(line)
    billed_first = sum(charged.usd_micros for charged in line.emulator.list_invoice())
    doubts = [call for call in line.calls(first) if call.state == CallState.SPEND_UNKNOWN]
    again = line.dub("es", "pt-BR")  # all of it was bought before
    assert sum(charged.usd_micros for charged in line.emulator.list_invoice()) == billed_first
    reprice(line)
    half = dub_half(line, first)
    move_over_midnight(line, first)

    assert {state for state, _ in line.states(first).values()} == {LanguageState.COMPLETED}
    assert {language: state for language, (state, _) in line.states(half).items()} == {
        "de": "failed",
        "es": "completed",
    }
    assert len(doubts) >= 2
    with pytest.raises((AssertionError, KeyError)):
        compare(line)  # what is in doubt is on the invoice and not in the report
    for vendor in VENDORS:
        done = reconcile_emulated(line.container.database, line.container.settings, vendor)
        assert done.tally.agrees, vendor
        assert not done.tally.doubts_left

    report = compare(line)
    by_job = Counter[str]()
    for (_, job_id, _), row in report.items():
        by_job[job_id] += row.sums.cost_usd_micros
    assert by_job[str(first)] == billed_first
    assert by_job[str(again)] == 0
    assert {key[0] for key in report if key[1] == str(first)} == {*_two_days()}
    lost = {key: row.lost_usd_micros for key, row in report.items() if row.lost_usd_micros}
    assert {(job_id, language) for _, job_id, language in lost} == {(str(half), "de")}
    repriced = {c.price_effective_from for c in line.calls(half) if c.model == "aura-2" and c.cost_usd_micros}
    assert len(repriced) == 1
    assert repriced.isdisjoint(c.price_effective_from for c in line.calls(first))

    with line.container.database.transaction() as tx:
        row = tx.session.scalars(select(VendorCall).where(VendorCall.cost_usd_micros > 0).limit(1)).one()
        values = {column.key: getattr(row, column.key) for column in VendorCall.__table__.columns}
        doubled = VendorCall(**values | {"id": uuid.uuid4()})
        tx.session.add(doubled)
    with pytest.raises(AssertionError):
        compare(line)
    with line.container.database.transaction() as tx:
        tx.session.delete(tx.session.get_one(VendorCall, doubled.id))
    compare(line)
    with line.container.database.transaction() as tx:
        tx.session.delete(tx.session.get_one(VendorCall, row.id))
    with pytest.raises((AssertionError, KeyError)):
        compare(line)


def _two_days() -> tuple[date, date]:
    today = datetime.now(UTC).date()
    return today - timedelta(days=1), today
