"""What is raised and cleared, from rows of a real Postgres."""

import logging
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import delete, select, update

from dubbing.alerting import INSTALLATION, Alert, AlertKind, AlertPlan, Rule
from dubbing.errors import InputError, NotFoundError, OutcomeUnknownError
from dubbing.usage import Receipt
from resources.alerts.watch import AlertWatch
from resources.container import Container
from resources.database.alerts import BATCH
from resources.database.balances import NO_LIMITS, Limits
from resources.database.connection import Database, UnitOfWork
from resources.database.money_tables import AlertRow, AlertRule, Balance, BudgetLimit, InvoiceRow, VendorQuota
from resources.database.positions import Position
from resources.database.tables import VendorCall
from resources.database.vendor_quotas import Quota
from resources.settings import Settings
from tests.support.jobs import add_job

DOLLAR = 1_000_000
USER = uuid.UUID(int=7)


@pytest.fixture(autouse=True)
def _nothing_of_other_tests(database: Database) -> Iterator[None]:
    with database.transaction() as tx:
        rules = [(row.name, row.kind, row.threshold) for row in tx.alerts.list_rules()]
    yield
    with database.transaction() as tx:
        for table in (AlertRow, Balance, BudgetLimit, VendorQuota, InvoiceRow, AlertRule, VendorCall):
            tx.session.execute(delete(table))
        for name, kind, threshold in rules:
            tx.session.add(AlertRule(name=name, kind=kind, threshold=threshold, set_by="dubline"))


def look(database: Database, limits: Limits = NO_LIMITS) -> set[tuple[str, str]]:
    watch = AlertWatch(database, limits, ["deepgram", "elevenlabs"])
    return {(alert.rule, alert.subject) for alert in watch.look()}


def change(database: Database, work: Callable[[UnitOfWork], object]) -> None:
    with database.transaction() as tx:
        work(tx)


def use(
    database: Database, *, held: int, spent: int, user_id: uuid.UUID | None = None, month: date | None = None
) -> None:
    first = month or datetime.now(UTC).date().replace(day=1)
    with database.transaction() as tx:
        tx.session.execute(delete(Balance).where(Balance.user_id.is_not_distinct_from(user_id)))
        tx.session.add(Balance(user_id=user_id, month=first, held_usd_micros=held, spent_usd_micros=spent))


def limit(database: Database, usd_micros: int | None, user_id: uuid.UUID | None = None) -> None:
    change(
        database,
        lambda tx: tx.session.add(BudgetLimit(user_id=user_id, limit_usd_micros=usd_micros, set_by="ana")),
    )


def compare(database: Database, variance: int, *, vendor: str = "deepgram", age: timedelta = timedelta()) -> None:
    at = datetime.now(UTC) - age
    row = InvoiceRow(
        vendor=vendor,
        sha256=uuid.uuid4().hex,
        from_at=at,
        to_at=at,
        compared_at=at,
        compared_by="ana",
        lines=1,
        invoiced_usd_micros=100 * DOLLAR,
        ledger_usd_micros=100 * DOLLAR - variance,
        variance_usd_micros=variance,
        doubts_ended=0,
    )
    change(database, lambda tx: tx.session.add(row))


def spend(database: Database, cost: int, *, in_doubt: bool = False, age: timedelta = timedelta()) -> None:
    job_id = add_job(database, ("es",))
    call = VendorCall(
        job_id=job_id,
        language="es",
        vendor="openai",
        model="gpt-6-luna",
        operation="translate",
        engine="openai/gpt-6-luna",
        content_key="key",
        usage={},
        estimated_usd_micros=cost,
    )
    with database.transaction() as tx:
        call_id = tx.purchases.start_call(call)
        if in_doubt:
            tx.purchases.doubt_call(call_id, OutcomeUnknownError.code)
        else:
            tx.purchases.settle_call(call_id, Receipt({"characters": 1}), cost)
        ended_at = datetime.now(UTC) - age
        tx.session.execute(update(VendorCall).where(VendorCall.id == call_id).values(settled_at=ended_at))


def test_each_threshold_of_a_budget_is_raised_when_it_is_reached_and_what_is_held_counts(database: Database) -> None:
    limits = Limits(installation_usd_micros=100 * DOLLAR, user_usd_micros=10 * DOLLAR)
    use(database, held=30 * DOLLAR, spent=50 * DOLLAR - 1)
    use(database, held=0, spent=10 * DOLLAR, user_id=USER)
    assert look(database, limits) == {
        ("budget half used", INSTALLATION),
        ("budget half used", str(USER)),
        ("budget nearly used", str(USER)),
        ("budget used up", str(USER)),
    }
    use(database, held=30 * DOLLAR, spent=50 * DOLLAR)
    assert ("budget nearly used", INSTALLATION) in look(database, limits)
    use(database, held=0, spent=50 * DOLLAR)
    assert ("budget nearly used", INSTALLATION) not in look(database, limits)


def test_a_limit_of_ones_own_counts_in_place_of_that_of_the_settings(database: Database) -> None:
    limits = Limits(installation_usd_micros=10 * DOLLAR, user_usd_micros=10 * DOLLAR)
    use(database, held=0, spent=9 * DOLLAR)
    use(database, held=0, spent=9 * DOLLAR, user_id=USER)
    assert len(look(database, limits)) == 4
    limit(database, None)
    limit(database, 90 * DOLLAR, USER)
    assert look(database, limits) == set()


def test_a_budget_without_a_limit_raises_nothing_and_one_of_nothing_when_anything_is_spent(database: Database) -> None:
    use(database, held=0, spent=0)
    use(database, held=0, spent=9 * DOLLAR, user_id=USER)
    assert look(database) == set()
    limit(database, 0)
    assert look(database) == set()
    use(database, held=0, spent=1)
    assert ("budget used up", INSTALLATION) in look(database)


def test_a_new_month_clears_what_was_raised_in_the_last(database: Database) -> None:
    limits = Limits(installation_usd_micros=10 * DOLLAR, user_usd_micros=None)
    use(database, held=0, spent=10 * DOLLAR)
    assert look(database, limits)
    use(database, held=0, spent=10 * DOLLAR, month=date(2020, 1, 1))
    assert look(database, limits) == set()


def test_the_largest_sums_that_fit_break_nothing(database: Database) -> None:
    use(database, held=0, spent=2**62, user_id=USER)
    limit(database, 2**62, USER)
    assert ("budget used up", str(USER)) in look(database)


def test_a_vendors_quota_is_raised_from_its_threshold_down_and_cleared_when_it_is_filled_up(database: Database) -> None:
    def say(left: int) -> None:
        change(database, lambda tx: tx.quotas.record("elevenlabs", Quota("characters", left, 100_000)))

    say(20_001)
    assert look(database) == set()
    say(20_000)
    assert look(database) == {("vendor quota low", "elevenlabs")}
    say(5_000)
    assert look(database) == {("vendor quota low", "elevenlabs"), ("vendor quota nearly gone", "elevenlabs")}
    say(100_000)
    assert look(database) == set()


def test_a_credit_is_held_against_what_it_was_after_the_last_payment(database: Database) -> None:
    for left, open_ in ((50, False), (10, True), (60, False), (13, False), (12, True)):
        change(database, lambda tx, left=left: tx.quotas.record("deepgram", Quota("usd_micros", left * DOLLAR)))
        assert look(database) == ({("vendor quota low", "deepgram")} if open_ else set()), left


def test_what_a_vendor_said_while_we_had_a_key_counts_no_longer_than_the_key(database: Database) -> None:
    change(database, lambda tx: tx.quotas.record("elevenlabs", Quota("characters", 0, 100_000)))
    assert len(look(database)) == 2
    assert AlertWatch(database, NO_LIMITS, []).look() == []


def test_the_spend_of_the_last_hour_is_raised_with_doubts_at_their_most_and_cleared_an_hour_later(
    database: Database,
) -> None:
    spend(database, 15 * DOLLAR)
    spend(database, 15 * DOLLAR, age=timedelta(minutes=61))
    assert look(database) == set()
    spend(database, 5 * DOLLAR, in_doubt=True)
    assert look(database) == {("spending fast", INSTALLATION)}
    change(
        database,
        lambda tx: tx.session.execute(update(VendorCall).values(settled_at=datetime.now(UTC) - timedelta(hours=2))),
    )
    assert look(database) == set()


def test_the_last_invoice_of_a_vendor_is_raised_either_way_and_cleared_by_the_next(database: Database) -> None:
    compare(database, 5 * DOLLAR, age=timedelta(days=2))
    compare(database, -2 * DOLLAR, vendor="openai", age=timedelta(days=2))
    compare(database, DOLLAR - 1, vendor="elevenlabs")
    assert look(database) == {("invoice differs", "deepgram"), ("invoice differs", "openai")}
    compare(database, 0)
    assert look(database) == {("invoice differs", "openai")}


def test_an_alert_is_one_row_from_raised_to_cleared_and_raised_anew_as_another(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "resources.alerts.watch")
    compare(database, 5 * DOLLAR, age=timedelta(hours=2))
    for _ in range(3):
        look(database)
    compare(database, 0, age=timedelta(hours=1))
    for _ in range(3):
        look(database)
    compare(database, 7 * DOLLAR)
    look(database)
    with database.transaction() as tx:
        newest, oldest = tx.alerts.list_newest(limit=10, only_open=False)
        place = Position(newest.raised_at, newest.id)
        assert [row.id for row in tx.alerts.list_newest(limit=10, only_open=False, after=place)] == [oldest.id]
        assert [row.id for row in tx.alerts.list_newest(limit=10, only_open=True)] == [newest.id]
    assert (newest.value, newest.cleared_at, oldest.value) == (7, None, 5)
    assert oldest.cleared_at is not None
    assert [record.getMessage() for record in caplog.records] == [
        "Alert raised: invoice differs (invoice_variance of deepgram is 5, threshold 1).",
        "Alert cleared: invoice differs (invoice_variance of deepgram).",
        "Alert raised: invoice differs (invoice_variance of deepgram is 7, threshold 1).",
    ]


def test_many_watchers_at_once_raise_one_and_clear_one(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "resources.alerts.watch")
    compare(database, 5 * DOLLAR, age=timedelta(hours=1))
    begin = Barrier(8)

    def watch(_: int) -> set[tuple[str, str]]:
        begin.wait()
        return look(database)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(watch, range(8))) == [{("invoice differs", "deepgram")}] * 8
        compare(database, 0)
        assert list(pool.map(watch, range(8))) == [set()] * 8
    assert len(caplog.records) == 2
    with database.transaction() as tx:
        assert len(tx.session.scalars(select(AlertRow)).all()) == 1


def test_more_than_one_statement_takes_are_raised_once_and_cleared_once(database: Database) -> None:
    alerts = tuple(Alert("r", AlertKind.BUDGET_USED, str(number), 1, 1) for number in range(2 * BATCH + 1))
    for plan in (AlertPlan(to_raise=alerts, to_clear=()), AlertPlan(to_raise=(), to_clear=alerts)):
        with database.transaction() as tx:
            assert tx.alerts.apply(plan) == plan
            assert tx.alerts.apply(plan) == AlertPlan((), ())


def test_a_rule_that_is_switched_off_clears_its_alerts_and_raises_none(database: Database) -> None:
    compare(database, 5 * DOLLAR)
    change(database, lambda tx: tx.quotas.record("elevenlabs", Quota("characters", 0, 100_000)))
    low, gone = ("vendor quota low", "elevenlabs"), ("vendor quota nearly gone", "elevenlabs")
    assert look(database) == {("invoice differs", "deepgram"), low, gone}
    for rule in ("invoice differs", "vendor quota low"):
        change(database, lambda tx, rule=rule: tx.alerts.switch_rule(rule, is_on=False, set_by="ana"))
    assert look(database) == {gone}
    change(database, lambda tx: tx.alerts.switch_rule("vendor quota low", is_on=True, set_by="ana"))
    assert look(database) == {low, gone}


def test_a_changed_threshold_is_another_alert(database: Database) -> None:
    compare(database, 5 * DOLLAR)
    look(database)
    wanted = Rule("invoice differs", AlertKind.INVOICE_VARIANCE, 4)
    change(database, lambda tx: tx.alerts.set_rule(wanted, set_by="ana"))
    look(database)
    with database.transaction() as tx:
        assert [row.threshold for row in tx.alerts.list_newest(limit=9, only_open=False)] == [4, 1]
        assert [alert.threshold for alert in tx.alerts.list_open()] == [4]
    change(database, lambda tx: tx.alerts.set_rule(Rule(wanted.name, wanted.kind, 6), set_by="ana"))
    assert look(database) == set()


def test_two_rules_of_one_kind_do_not_have_one_threshold(database: Database) -> None:
    twin = Rule("budget two thirds used", AlertKind.BUDGET_USED, 80)
    with database.transaction() as tx:
        with pytest.raises(InputError, match="Another rule"):
            tx.alerts.set_rule(twin, set_by="ana")
        row = tx.alerts.set_rule(Rule(twin.name, twin.kind, 66), set_by="ana")
        assert (row.threshold, row.is_on, row.set_by) == (66, True, "ana")
        with pytest.raises(NotFoundError):
            tx.alerts.switch_rule("no such rule", is_on=True, set_by="ana")


def test_limits_of_the_settings_are_read_to_the_micro_dollar() -> None:
    settings = Settings(_env_file=None, installation_budget_usd="0.000001", user_budget_usd=None)  # type: ignore[arg-type]
    assert Container(settings).limits == Limits(1, None)
