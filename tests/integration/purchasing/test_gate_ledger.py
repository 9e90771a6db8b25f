import itertools
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from dubbing.engines import LOCAL, Answer
from dubbing.errors import (
    DatabaseUnavailableError,
    DubbingError,
    OutcomeUnknownError,
    SettingsError,
    StorageError,
    VendorError,
    VendorRejectedError,
    VendorReplyError,
)
from dubbing.usage import Receipt
from resources.database.tables import TranslationRow
from resources.purchasing import gate
from resources.purchasing.gate import CLOSING_TRIES
from tests.integration.purchasing.shop import ScriptedCall, Shop, answer, open_shop

NOW = datetime.now(UTC)


def record_a_translation(key):
    def record(tx, bought):
        tx.session.add(TranslationRow(content_key=key, source="en", target="es", text=bought))

    return record


def find_translation(database, key):
    with database.transaction() as tx:
        return tx.session.get(TranslationRow, key)


def test_a_call_is_in_the_ledger_before_it_is_made(shop):
    def perform():
        row = shop.get_call()
        assert (row.state, row.settled_at, row.cost_usd_micros) == ("started", None, 0)
        assert row.estimated_usd_micros == 3_000
        return answer()

    shop.buy(perform)


def test_a_success_is_settled_with_the_replys_usage_and_request_id_at_the_price_in_force(shop):
    assert shop.buy(ScriptedCall(answer("sound", characters=90))) == "sound"
    row = shop.get_call()
    assert (row.state, row.usage, row.cost_usd_micros) == ("settled", {"characters": 90}, 2_700)
    assert (row.vendor_request_id, row.error_code) == ("req-1", None)
    assert row.price_effective_from.year == 2020
    assert row.settled_at >= row.started_at
    assert (row.job_id, row.language, row.operation, row.engine) == (shop.job_id, "es", "synthesize", "engine")


def test_how_long_an_engine_took_is_written_down_however_it_answered(shop):
    with suppress(VendorError):
        shop.buy(ScriptedCall(VendorRejectedError("No.")))
    shop.buy(ScriptedCall(answer(characters=None)))
    shop.buy(ScriptedCall(answer()))
    assert [row.state for row in shop.list_calls()] == ["failed", "spend_unknown", "settled"]
    assert all(row.latency_ms >= 0 for row in shop.list_calls())


def test_our_own_storing_is_not_the_engines_time(shop, monkeypatch):
    clock = itertools.count(step=0.25)
    monkeypatch.setattr(gate, "monotonic", lambda: next(clock))

    def store(value):
        next(clock)
        return value

    shop.buy(ScriptedCall(answer()), store=store)
    assert shop.get_call().latency_ms == 250


def test_a_call_that_was_broken_off_on_our_side_has_no_latency(shop):
    with pytest.raises(RuntimeError):
        shop.buy(ScriptedCall(RuntimeError()))
    assert shop.get_call().latency_ms is None


def test_a_reply_that_does_not_say_what_it_used_is_left_to_reconciling(shop):
    shop.buy(ScriptedCall(answer(characters=None)))
    row = shop.get_call()
    assert (row.state, row.vendor_request_id) == ("spend_unknown", "req-1")
    assert (row.usage, row.cost_usd_micros, row.estimated_usd_micros) == ({"characters": 100}, 0, 3_000)


def test_a_reply_that_names_a_unit_without_a_price_is_left_to_reconciling_and_what_it_gave_is_kept(shop):
    assert shop.buy(ScriptedCall(Answer("sound", Receipt({"seances": 1}, "req-1")))) == "sound"
    row = shop.get_call()
    assert (row.state, row.usage, row.vendor_request_id) == ("spend_unknown", {"seances": 1}, "req-1")


def test_a_later_price_applies_to_later_calls_and_changes_no_earlier_one(shop):
    shop.buy(ScriptedCall(answer()))
    shop.add_price(60_000, since=NOW - timedelta(days=1))
    shop.buy(ScriptedCall(answer()))
    first, second = shop.list_calls()
    assert (first.cost_usd_micros, second.cost_usd_micros) == (2_700, 5_400)
    assert first.price_effective_from < second.price_effective_from


def test_a_price_of_a_day_to_come_does_not_apply_yet(shop):
    shop.add_price(60_000, since=datetime.now(UTC) + timedelta(hours=1))
    shop.buy(ScriptedCall(answer()))
    assert shop.get_call().cost_usd_micros == 2_700


def test_a_newer_price_set_takes_the_place_of_the_whole_older_one(shop):
    shop.add_price(1, since=NOW - timedelta(days=1), unit="ms")
    with pytest.raises(SettingsError):
        shop.buy(ScriptedCall(answer()))


def test_a_call_is_priced_as_of_its_beginning(shop):
    def perform():
        shop.add_price(60_000, since=NOW - timedelta(days=1))
        return answer()

    shop.buy(perform)
    assert shop.get_call().cost_usd_micros == 2_700


def test_what_has_no_price_is_not_bought(database):
    shop, perform = open_shop(database, usd_micros=None), ScriptedCall(answer())
    with pytest.raises(SettingsError, match="no price"):
        shop.buy(perform)
    assert (perform.calls, shop.list_calls()) == (0, [])


def test_what_is_made_on_this_machine_has_a_row_and_costs_nothing(database, shop):
    local = Shop(database, shop.job_id, LOCAL)
    call = local.make_call()
    local.buy(ScriptedCall(answer()), call=call)
    (row,) = [row for row in local.list_calls() if row.content_key == call.content_key]
    assert (row.state, row.cost_usd_micros, row.price_effective_from) == ("settled", 0, None)


def test_a_call_without_an_answer_may_cost_what_was_expected(shop):
    perform = ScriptedCall(OutcomeUnknownError("Cut off.", receipt=Receipt(request_id="req-7")), answer())
    shop.buy(perform)
    lost, made = shop.list_calls()
    assert (lost.state, lost.error_code, lost.cost_usd_micros) == ("spend_unknown", "vendor_outcome_unknown", 0)
    assert (lost.estimated_usd_micros, lost.vendor_request_id) == (3_000, "req-7")
    assert made.state == "settled"


def test_an_answer_of_no_use_is_billed_with_its_error(shop):
    shop.buy(ScriptedCall(VendorReplyError("Empty.", receipt=Receipt({"characters": 90}, "req-0")), answer()))
    useless, _ = shop.list_calls()
    assert (useless.state, useless.error_code, useless.cost_usd_micros) == ("settled", "vendor_reply", 2_700)
    assert useless.vendor_request_id == "req-0"


def test_an_answer_of_no_use_without_a_receipt_may_be_billed(shop):
    shop.buy(ScriptedCall(VendorReplyError("Empty."), answer()))
    assert [(row.state, row.cost_usd_micros) for row in shop.list_calls()] == [
        ("spend_unknown", 0),
        ("settled", 2_700),
    ]


@pytest.mark.parametrize(("error", "code"), [(StorageError("Full."), "storage_failed"), (ValueError(), "internal")])
def test_a_call_is_billed_though_what_it_gave_cannot_be_stored(shop, error, code):
    def store(given):
        raise error

    with pytest.raises(type(error)):
        shop.buy(ScriptedCall(answer()), store=store)
    row = shop.get_call()
    assert (row.state, row.error_code, row.cost_usd_micros) == ("settled", code, 2_700)


def test_a_call_is_billed_though_what_it_gave_cannot_be_kept(shop):
    def record(tx, bought):
        tx.session.execute(text("SELECT 1 / 0"))

    with pytest.raises(Exception, match="division by zero"):
        shop.buy(ScriptedCall(answer()), record=record)
    row = shop.get_call()
    assert (row.state, row.error_code, row.cost_usd_micros) == ("settled", "internal", 2_700)


@pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt()])
def test_nobody_knows_what_a_call_costs_that_broke_off_on_our_side(shop, error):
    perform = ScriptedCall(error)
    with pytest.raises(type(error)):
        shop.buy(perform)
    row = shop.get_call()
    assert (row.state, row.error_code, row.estimated_usd_micros) == ("spend_unknown", "internal", 3_000)
    assert perform.calls == 1


def test_a_call_on_this_machine_that_broke_off_costs_nothing_for_certain(database, shop):
    local = Shop(database, shop.job_id, LOCAL)
    call = local.make_call()
    with pytest.raises(ValueError, match="bug"):
        local.buy(ScriptedCall(ValueError("bug")), call=call)
    assert [row.state for row in local.list_calls() if row.content_key == call.content_key] == ["failed"]


def go_away(monkeypatch, database, times):
    """Let transactions fail from now on, so many times."""
    real, left = database.transaction, [times]

    def transaction():
        if left[0]:
            left[0] -= 1
            raise DatabaseUnavailableError("Gone.")
        return real()

    monkeypatch.setattr(database, "transaction", transaction)


def test_a_database_that_is_gone_for_a_moment_loses_neither_the_bill_nor_what_was_bought(database, shop, monkeypatch):
    call = shop.make_call()

    def perform():
        go_away(monkeypatch, database, 2)
        return answer("hola")

    assert shop.buy(perform, call=call, record=record_a_translation(call.content_key)) == "hola"
    assert (shop.get_call().state, shop.get_call().cost_usd_micros) == ("settled", 2_700)
    assert find_translation(database, call.content_key).text == "hola"


def test_a_failed_call_is_closed_though_the_database_is_gone_for_a_moment(database, shop, monkeypatch):
    def perform():
        go_away(monkeypatch, database, 2)
        raise VendorReplyError("Empty.", receipt=Receipt({"characters": 90}))

    with pytest.raises(VendorReplyError):
        shop.buy(perform, retries_replies=False)
    assert (shop.get_call().state, shop.get_call().cost_usd_micros) == ("settled", 2_700)


def test_a_database_that_stays_away_leaves_a_call_that_can_be_seen_to_be_open(database, shop, monkeypatch):
    def perform():
        go_away(monkeypatch, database, 2 * CLOSING_TRIES)
        return answer()

    with pytest.raises(DatabaseUnavailableError):
        shop.buy(perform)
    assert shop.get_call().state == "started"


def test_calls_of_a_process_that_died_are_closed_by_whoever_holds_the_job(database, shop):
    other, local, seen = open_shop(database), Shop(database, shop.job_id, LOCAL), {}
    call = local.make_call()

    def look():
        """In the middle of three calls, where a process may die."""
        with database.transaction() as tx:
            tx.purchases.close_abandoned(shop.job_id)
        seen["vendor"], seen["other job"] = shop.get_call(), other.get_call()
        (seen["local"],) = [row for row in local.list_calls() if row.content_key == call.content_key]
        return answer()

    shop.buy(lambda: answer(other.buy(lambda: answer(local.buy(look, call=call)))))
    assert (seen["vendor"].state, seen["vendor"].error_code) == ("spend_unknown", "run_crashed")
    assert (seen["vendor"].estimated_usd_micros, seen["vendor"].cost_usd_micros) == (3_000, 0)
    assert seen["vendor"].settled_at is not None
    assert (seen["local"].state, seen["local"].cost_usd_micros) == ("failed", 0)
    assert seen["other job"].state == "started"


def test_what_a_language_cost_is_the_sum_of_its_calls(database, shop):
    for error in (None, VendorReplyError("Empty.", receipt=Receipt({"characters": 10})), DubbingError("Ours.")):
        try:
            shop.buy(ScriptedCall(error or answer()), retries_replies=False)
        except DubbingError:
            continue
    with database.transaction() as tx:
        assert tx.purchases.sum_cost(shop.job_id, "es") == 2_700 + 300
        assert tx.purchases.sum_cost(shop.job_id, "fr") == 0
