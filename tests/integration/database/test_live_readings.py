"""What goes on now, as read from the real Postgres: what counts, and what of the past does not."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from dubbing.alerting import Alert, AlertKind, AlertPlan
from dubbing.errors import VendorError
from dubbing.jobs import JobState, LanguageState, WaitingOn
from dubbing.retention import Kind, Policy
from resources.database.connection import Database
from resources.database.embedded import PostgresAddress
from resources.database.live_readings import (
    MOST_OVERDUE,
    SAVED,
    Doubt,
    LiveReadings,
    OpenLetters,
    RunStatus,
    SlotUse,
    Traffic,
)
from resources.database.money_tables import Bill
from resources.database.tables import CallState, JobEvent, MetricTotal, TranscriptRow
from resources.purchasing.advisory_locks import AdvisoryLocks
from resources.purchasing.slots import Slots
from tests.integration.purchasing.shop import Pauses
from tests.integration.slot_holder import make_order
from tests.support.goings_on import add_call, add_job_in_flight, add_waiting_job, set_job, set_language
from tests.support.jobs import add_job
from tests.support.postgres import fresh_database

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LIMITS = {("deepgram", "synthesize"): 3, ("openai", "translate"): 2}


@pytest.fixture
def database(postgres: PostgresAddress, product_template: str) -> Iterator[Database]:
    with fresh_database(postgres, product_template) as name:
        database = Database(postgres.url(name, driver="postgresql"))
        yield database
        database.close()


def read(database: Database, reading: str, *given: Any) -> Any:
    with database.transaction() as tx:
        return getattr(tx.readings, reading)(*given)


def end_job(database: Database, job_id: uuid.UUID, state: LanguageState = LanguageState.COMPLETED) -> None:
    with database.transaction() as tx:
        for task in tx.jobs.list_languages(job_id):
            tx.jobs.advance(job_id, task.language, state, 100)


def test_nothing_goes_on_in_a_fresh_database(database: Database) -> None:
    assert set(read(database, "count_jobs").values()) == {0}
    assert set(read(database, "count_runs").values()) == {0}
    assert set(read(database, "count_stages").values()) == {0}
    assert read(database, "find_longest_wait") is None
    assert read(database, "find_longest_silence") is None
    assert read(database, "count_letters") == []
    assert read(database, "list_doubts") == {}
    assert read(database, "list_at_work", 10) == []
    assert read(database, "count_days_to_bill", datetime.now(UTC)) == 0
    assert read(database, "sum_saved") == 0


def test_jobs_are_counted_until_they_have_ended(database: Database) -> None:
    add_waiting_job(database)
    add_job_in_flight(database)
    end_job(database, add_job_in_flight(database))
    assert read(database, "count_jobs") == {JobState.QUEUED: 1, JobState.RUNNING: 1}


def test_runs_are_due_queued_started_and_ending(database: Database) -> None:
    add_waiting_job(database)
    add_waiting_job(database)
    queued = add_waiting_job(database)
    with database.transaction() as tx:
        tx.launches.mark_launched(queued, 1, "run")
    add_job_in_flight(database)
    end_job(database, add_job_in_flight(database))
    over = add_job_in_flight(database)
    end_job(database, over)
    with database.transaction() as tx:
        tx.launches.mark_ended(over, 1)
    assert read(database, "count_runs") == {
        RunStatus.DUE: 2,
        RunStatus.QUEUED: 1,
        RunStatus.STARTED: 1,
        RunStatus.ENDING: 1,
    }


def test_the_longest_wait_counts_from_when_a_job_was_queued_last(database: Database) -> None:
    add_waiting_job(database, since=5 * MINUTE)
    handed_over = add_waiting_job(database, since=20 * MINUTE)
    with database.transaction() as tx:
        tx.launches.mark_launched(handed_over, 1, "run")
    set_job(database, handed_over, created_at=datetime.now(UTC) - DAY)
    with database.transaction() as tx:
        first = JobEvent(job_id=handed_over, type="job.queued", at=datetime.now(UTC) - DAY)
        tx.session.add(first)
    wait = read(database, "find_longest_wait")
    assert 20 * MINUTE <= wait < HOUR


def test_who_is_at_work_or_was_left_at_a_terminal_waits_for_no_run(database: Database) -> None:
    add_job_in_flight(database)
    left = add_waiting_job(database, since=HOUR)
    set_job(database, left, launched_attempt=1, ended_attempt=1)
    assert read(database, "find_longest_wait") is None


def test_languages_count_by_what_they_wait_for_and_by_stage(database: Database) -> None:
    add_job_in_flight(database, waiting_on=WaitingOn.RATE_LIMIT.value)
    ended = add_job_in_flight(database)
    set_language(database, ended, "es", state="failed", waiting_on=WaitingOn.VENDOR.value)
    add_waiting_job(database)
    waiting = read(database, "count_waiting")
    assert {on: count for on, count in waiting.items() if count} == {WaitingOn.RATE_LIMIT: 1, WaitingOn.QUEUE: 2}
    stages = read(database, "count_stages")
    assert {stage: count for stage, count in stages.items() if count} == {
        LanguageState.QUEUED: 2,
        LanguageState.MIXING: 1,
    }


def test_the_oldest_heartbeat_is_that_of_a_run_and_no_language_that_ended(database: Database) -> None:
    add_job_in_flight(database, silence=MINUTE)
    ended = add_job_in_flight(database, silence=HOUR)
    set_language(database, ended, "es", state="completed")
    left = add_job_in_flight(database, silence=DAY)
    set_job(database, left, ended_attempt=1)
    assert MINUTE <= read(database, "find_longest_silence") < HOUR


def test_open_letters_count_by_stage_and_error(database: Database) -> None:
    jobs = [add_job_in_flight(database) for _ in range(3)]
    with database.transaction() as tx:
        for job_id in jobs:
            tx.jobs.fail_language(job_id, "es", "mixing", VendorError("No."))
        letter = tx.letters.find(tx.session.scalar(text("SELECT id FROM dead_letters LIMIT 1")))
        assert letter is not None
        tx.letters.discard(letter)
    assert read(database, "count_letters") == [OpenLetters("mixing", VendorError.code, 2)]


def test_slots_that_anybody_holds_are_seen_as_taken(database: Database) -> None:
    locks = AdvisoryLocks(database)
    slots = Slots(locks, "deepgram:synthesize", 3)
    other = Slots(locks, "openai:recognize", 3)
    with slots.hold(make_order(Pauses())), slots.hold(make_order(Pauses())), other.hold(make_order(Pauses())):
        taken = read(database, "list_slots", LIMITS)
    assert taken == [SlotUse("deepgram", "synthesize", 2, 3), SlotUse("openai", "translate", 0, 2)]
    assert [use.used for use in read(database, "list_slots", LIMITS)] == [0, 0]
    locks.close()


def test_calls_are_in_doubt_once_nobody_can_be_waiting_for_them(database: Database) -> None:
    job_id = add_job(database)
    add_call(database, job_id, state=CallState.SPEND_UNKNOWN, estimated_usd_micros=5)
    add_call(database, job_id, state=CallState.STARTED, began=2 * HOUR, estimated_usd_micros=7)
    add_call(database, job_id, state=CallState.STARTED, began=MINUTE, estimated_usd_micros=11)
    add_call(database, job_id, state=CallState.SETTLED, began=2 * HOUR, estimated_usd_micros=13)
    assert read(database, "list_doubts") == {"deepgram": Doubt(2, 12)}


def test_every_rule_is_there_and_so_is_an_alert_whose_rule_is_gone(database: Database) -> None:
    alerts = (
        Alert("budget half used", AlertKind.BUDGET_USED, "a", 50, 51),
        Alert("budget half used", AlertKind.BUDGET_USED, "b", 50, 51),
        Alert("gone", AlertKind.SPEND_RATE, "installation", 1, 2),
    )
    over = Alert("budget used up", AlertKind.BUDGET_USED, "a", 100, 100)
    with database.transaction() as tx:
        tx.alerts.apply(AlertPlan(to_raise=(*alerts, over), to_clear=()))
        tx.alerts.apply(AlertPlan(to_raise=(), to_clear=(over,)))
        rules = {rule.name for rule in tx.alerts.list_rules()}
    counted = {each.rule: each.alerts for each in read(database, "count_alerts")}
    assert counted == dict.fromkeys(rules, 0) | {"budget half used": 2, "gone": 1}


def test_days_that_are_over_are_to_be_billed_and_today_is_not(database: Database) -> None:
    now, job_id = datetime.now(UTC), add_job(database)
    nothing = {"made_at": now, "calls": 0} | dict.fromkeys(
        (f"{name}_usd_micros" for name in ("cost", "charged", "lost", "doubtful")), 0
    )
    add_call(database, job_id, state=CallState.SETTLED)
    add_call(database, job_id, state=CallState.SETTLED, began=5 * DAY)
    with database.transaction() as tx:
        today: date = now.date()
        for day, is_provisional in ((today, True), (today - 3 * DAY, True), (today - 4 * DAY, False)):
            tx.session.execute(insert(Bill).values(day=day, is_provisional=is_provisional, **nothing))
    assert read(database, "count_days_to_bill", now) == 2


def test_what_is_late_to_be_erased_is_counted_up_to_a_bound(database: Database) -> None:
    now, kept = datetime.now(UTC), timedelta(hours=1)
    policy = Policy(job=kept, upload=kept, take=kept, transcript=kept, translation=kept, orphan=kept)
    used = [now - 10 * HOUR] * (MOST_OVERDUE + 5) + [now - 2 * HOUR]
    rows = [
        {"content_key": str(number), "language": "en", "duration_ms": 1, "words": [], "used_at": at}
        for number, at in enumerate(used)
    ]
    with database.transaction() as tx:
        tx.session.execute(insert(TranscriptRow), rows[-2:])
    assert read(database, "count_overdue", policy, now)[Kind.TRANSCRIPT] == 1
    with database.transaction() as tx:
        tx.session.execute(insert(TranscriptRow), rows[:-2])
    overdue = read(database, "count_overdue", policy, now)
    assert overdue == dict.fromkeys(overdue, 0) | {Kind.TRANSCRIPT: MOST_OVERDUE}


def test_what_is_in_use_is_not_late(database: Database) -> None:
    now, moment = datetime.now(UTC) + DAY, timedelta(seconds=1)
    policy = Policy(job=moment, upload=moment, take=moment, transcript=moment, translation=moment, orphan=moment)
    job_id = add_waiting_job(database)
    assert read(database, "count_overdue", policy, now)[Kind.UPLOAD] == 0
    set_job(database, job_id, state="expired")
    assert read(database, "count_overdue", policy, now)[Kind.UPLOAD] == 1


def test_traffic_is_that_of_calls_that_ended_lately(database: Database) -> None:
    job_id = add_job(database)
    for latency_ms in (100, 200, 900, None):
        add_call(database, job_id, state=CallState.SETTLED, latency_ms=latency_ms)
    add_call(database, job_id, state=CallState.FAILED, error_code="rate_limited", vendor="openai")
    add_call(database, job_id, state=CallState.SETTLED, began=6 * MINUTE, latency_ms=9999)
    add_call(database, job_id, state=CallState.STARTED)
    assert read(database, "list_traffic", 5 * MINUTE) == [
        Traffic("deepgram", "synthesize", 4, 0, 900),
        Traffic("openai", "synthesize", 1, 1, None),
    ]


def test_spending_is_summed_by_when_calls_were_settled(database: Database) -> None:
    job_id, now = add_job(database), read(database, "get_now")
    add_call(database, job_id, state=CallState.SETTLED, cost_usd_micros=1)
    add_call(database, job_id, state=CallState.SETTLED, cost_usd_micros=10, began=2 * MINUTE)
    add_call(database, job_id, state=CallState.SETTLED, cost_usd_micros=100, began=2 * DAY)
    spending = read(database, "sum_spending", now)
    assert (spending.minute_usd_micros, spending.hour_usd_micros) == (1, 11)
    # At another time "today" is another day, so that the figures do not depend on when this runs.
    assert read(database, "sum_spending", now - 3 * DAY).today_usd_micros == 111
    assert read(database, "sum_spending", now + 2 * DAY).today_usd_micros == 0


def test_what_was_saved_is_the_sum_over_all_operations(database: Database) -> None:
    rows = [{"name": name, "labels": (label,), "amount": 7} for name, label in ((SAVED, "a"), (SAVED, "b"), ("x", "a"))]
    with database.transaction() as tx:
        tx.session.execute(insert(MetricTotal), rows)
    assert read(database, "sum_saved") == 14


def test_jobs_at_work_are_listed_with_all_their_languages(database: Database) -> None:
    older, newer = add_job_in_flight(database, silence=MINUTE), add_job_in_flight(database, silence=None)
    set_language(database, older, "es", started_at=datetime.now(UTC) - HOUR)
    add_waiting_job(database)
    end_job(database, add_job_in_flight(database))
    jobs = read(database, "list_at_work", 10)
    assert [job.job_id for job in jobs] == [older, newer]
    assert jobs[0].age_ms >= HOUR / timedelta(milliseconds=1) > jobs[1].age_ms
    spanish, portuguese = jobs[0].languages
    assert (spanish.language, spanish.state, spanish.progress) == ("es", LanguageState.MIXING, 80)
    assert spanish.silence_ms is not None
    assert spanish.silence_ms >= MINUTE / timedelta(milliseconds=1)
    assert (portuguese.language, portuguese.state, portuguese.waiting_on) == (
        "pt-BR",
        LanguageState.QUEUED,
        WaitingOn.QUEUE,
    )
    assert jobs[1].languages[0].silence_ms is None
    assert [job.job_id for job in read(database, "list_at_work", 1)] == [older]
    assert read(database, "count_at_work") == 2


def test_a_job_at_a_terminal_is_at_work_until_it_was_left(database: Database) -> None:
    job_id = add_job_in_flight(database)
    set_job(database, job_id, ended_attempt=1)
    assert read(database, "count_at_work") == 1
    set_language(database, job_id, "es", heartbeat_at=datetime.now(UTC) - HOUR)
    assert read(database, "count_at_work") == 0
    assert read(database, "list_at_work", 10) == []


def test_the_repository_reads_only(database: Database) -> None:
    add_job_in_flight(database)
    given = {
        "count_days_to_bill": (datetime.now(UTC),),
        "count_overdue": (Policy(DAY, DAY, DAY, DAY, DAY, DAY), datetime.now(UTC)),
        "list_slots": (LIMITS,),
        "list_traffic": (HOUR,),
        "sum_spending": (datetime.now(UTC),),
        "list_at_work": (1,),
    }
    with database.transaction() as tx:
        tx.session.execute(text("SET TRANSACTION READ ONLY"))
        for reading in (name for name in vars(LiveReadings) if not name.startswith("_")):
            getattr(tx.readings, reading)(*given.get(reading, ()))
