"""Holds and balances on the real Postgres: no overdraft, whoever asks at the same time and in whatever order."""

import contextlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Update, delete, func, select, update

from dubbing.errors import BudgetExceededError, DubbingError, SpendLimitReachedError, SpendLimitTooLowError
from dubbing.jobs import LanguageState
from dubbing.spend_limits import Need
from resources.database.balances import Balances, Limits
from resources.database.connection import Database
from resources.database.embedded import PostgresAddress
from resources.database.money_tables import Balance, BudgetLimit, Hold
from resources.database.tables import CallState, DubbingJob, LanguageTask, VendorCall
from tests.support.jobs import add_job
from tests.support.postgres import fresh_database

INSTALLATION_LIMIT, USER_LIMIT = 1000, 600


@pytest.fixture(scope="module")
def poor(postgres: PostgresAddress) -> Iterator[Database]:
    """A database where an installation may spend 1000 micro-dollars a month, and a user 600."""
    with fresh_database(postgres) as name:
        limits = Limits(INSTALLATION_LIMIT, USER_LIMIT)
        database = Database(postgres.url(name, driver="postgresql"), limits=limits)
        database.migrate()
        yield database
        database.close()


@pytest.fixture(autouse=True)
def _a_new_month(poor: Database) -> None:
    forget(poor)


def forget(database: Database) -> None:
    with database.transaction() as tx:
        for table in (Hold, Balance, BudgetLimit, VendorCall):
            tx.session.execute(delete(table))


def get_balance(database: Database, user_id: uuid.UUID | None) -> tuple[int, int]:
    """What is held and spent, of a user or of the installation."""
    mine = Balance.user_id == user_id if user_id else Balance.user_id.is_(None)
    with database.transaction() as tx:
        rows = tx.session.execute(select(Balance.held_usd_micros, Balance.spent_usd_micros).where(mine)).all()
    return (rows[0][0], rows[0][1]) if rows else (0, 0)


def get_user(database: Database, job_id: uuid.UUID) -> uuid.UUID:
    with database.transaction() as tx:
        return tx.jobs.get(job_id).user_id


def get_held(database: Database, job_id: uuid.UUID) -> int:
    with database.transaction() as tx:
        held = tx.session.scalar(select(Hold.held_usd_micros).where(Hold.job_id == job_id, Hold.released_at.is_(None)))
    return held or 0


def spend(
    database: Database,
    job_id: uuid.UUID,
    cost: int,
    language: str | None = "es",
    state: CallState = CallState.SETTLED,
    estimate: int | None = None,
) -> uuid.UUID:
    call = VendorCall(
        job_id=job_id,
        language=language,
        vendor="v",
        model="m",
        operation="synthesize",
        engine="e",
        content_key=uuid.uuid4().hex,
        state=state.value,
        cost_usd_micros=cost,
        estimated_usd_micros=cost if estimate is None else estimate,
    )
    with database.transaction() as tx:
        return tx.purchases.start_call(call)


def open_hold(database: Database, job_id: uuid.UUID, worst: int, lowest: int = 0) -> None:
    with database.transaction() as tx:
        tx.balances.open_hold(job_id, Need(lowest, worst))


def release(database: Database, job_id: uuid.UUID) -> bool:
    with database.transaction() as tx:
        return tx.balances.release(job_id)


def recount(database: Database, *job_ids: uuid.UUID) -> None:
    with database.transaction() as tx:
        tx.balances.recount(*job_ids)


def end(database: Database, job_id: uuid.UUID, **states: LanguageState) -> None:
    with database.transaction() as tx:
        for language, state in states.items():
            tx.jobs.advance(job_id, language, state, 100)


def at_once(works: list[object]) -> list[str]:
    """Do things at the same moment, each in a thread; the codes of what was refused."""
    barrier, refused = Barrier(len(works)), []

    def run(work: object) -> None:
        barrier.wait()
        try:
            work()  # type: ignore[operator]
        except DubbingError as error:
            refused.append(error.code)

    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return refused


def test_what_is_held_is_taken_from_the_user_and_from_the_installation(poor: Database) -> None:
    job_id = add_job(poor)
    open_hold(poor, job_id, 400)
    assert get_balance(poor, get_user(poor, job_id)) == (400, 0)
    assert get_balance(poor, None) == (400, 0)


def test_a_hold_that_is_refused_leaves_nothing(poor: Database) -> None:
    first, second = add_job(poor), add_job(poor)
    open_hold(poor, first, 600)
    with pytest.raises(BudgetExceededError) as refusal:
        open_hold(poor, second, 401)  # within the second user's own limit, not within the installation's
    assert "$" not in refusal.value.message  # nothing of what others spend
    assert get_balance(poor, get_user(poor, second)) == (0, 0)
    assert get_balance(poor, None) == (600, 0)
    assert get_held(poor, second) == 0


def test_a_user_is_told_what_is_left_of_their_own(poor: Database) -> None:
    with poor.transaction() as tx:
        user = uuid.uuid4()
        tx.session.add(BudgetLimit(user_id=user, limit_usd_micros=900_000_000, set_by="t"))
        tx.session.add(BudgetLimit(limit_usd_micros=None, set_by="t"))
    first, second = add_job(poor, user_id=user), add_job(poor, user_id=user)
    open_hold(poor, first, 897_500_000)
    with pytest.raises(BudgetExceededError, match=r"\$2\.50 that are left"):
        open_hold(poor, second, 2_500_001)
    open_hold(poor, second, 2_500_000)


def test_work_that_costs_nothing_holds_and_locks_nothing(poor: Database) -> None:
    job_id = add_job(poor)
    open_hold(poor, job_id, 0)
    with poor.transaction() as tx:
        assert tx.session.scalar(select(func.count()).select_from(Hold)) == 0
        assert tx.session.scalar(select(func.count()).select_from(Balance)) == 0


def test_thirty_holds_at_once_never_take_more_than_the_limit(poor: Database) -> None:
    jobs = [add_job(poor) for _ in range(30)]
    refused = at_once([lambda job_id=job_id: open_hold(poor, job_id, 100) for job_id in jobs])
    assert refused == ["budget_exceeded"] * 20
    assert get_balance(poor, None) == (1000, 0)
    assert sum(get_held(poor, job_id) for job_id in jobs) == 1000


def test_a_job_has_one_hold_however_many_ask_for_it_at_once(poor: Database) -> None:
    job_id = add_job(poor)

    def ask() -> None:
        with poor.transaction() as tx:
            tx.balances.admit_call(job_id, 10)
            tx.purchases.start_call(make_started(job_id, 10))

    assert at_once([ask] * 10) == []
    assert get_held(poor, job_id) == 100
    assert get_balance(poor, None) == (100, 0)


def make_started(job_id: uuid.UUID, estimate: int) -> VendorCall:
    return VendorCall(
        job_id=job_id,
        language="es",
        vendor="v",
        model="m",
        operation="o",
        engine="e",
        content_key="k",
        estimated_usd_micros=estimate,
    )


def test_released_the_user_pays_for_what_was_delivered_and_the_installation_counts_all(poor: Database) -> None:
    job_id = add_job(poor, ("es", "fr"))
    open_hold(poor, job_id, 500)
    spend(poor, job_id, 10, None)
    spend(poor, job_id, 100, "es")
    spend(poor, job_id, 50, "fr")
    end(poor, job_id, es=LanguageState.COMPLETED, fr=LanguageState.FAILED)
    assert release(poor, job_id)
    assert not release(poor, job_id)
    assert get_balance(poor, get_user(poor, job_id)) == (0, 110)
    assert get_balance(poor, None) == (0, 160)


def test_a_doubt_counts_as_estimated_until_it_ends_and_then_as_it_ended(poor: Database) -> None:
    job_id = add_job(poor, ("es",))
    open_hold(poor, job_id, 500)
    call = spend(poor, job_id, 0, "es", CallState.SPEND_UNKNOWN, estimate=80)
    end(poor, job_id, es=LanguageState.COMPLETED)
    release(poor, job_id)
    assert get_balance(poor, None) == (0, 80)
    with poor.transaction() as tx:
        tx.session.execute(update(VendorCall).where(VendorCall.id == call).values(state="settled", cost_usd_micros=33))
        tx.balances.recount(job_id)
    assert get_balance(poor, None) == (0, 33)
    assert get_balance(poor, get_user(poor, job_id)) == (0, 33)
    recount(poor, job_id)
    assert get_balance(poor, None) == (0, 33)


def test_a_call_that_opens_a_hold_while_the_job_is_counted_anew_is_not_counted_twice(
    poor: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = add_job(poor, ("es",))
    open_hold(poor, job_id, 500)
    call = spend(poor, job_id, 0, "es", CallState.SPEND_UNKNOWN, estimate=80)
    release(poor, job_id)
    lock_open = Balances._lock_open

    def lock_open_just_before_the_call(self: Balances, job_id: uuid.UUID) -> Hold | None:
        found = lock_open(self, job_id)
        monkeypatch.undo()
        with poor.transaction() as tx:
            tx.balances.admit_call(job_id, 20)
        return found

    with poor.transaction() as tx:
        tx.session.execute(update(VendorCall).where(VendorCall.id == call).values(state="settled", cost_usd_micros=33))
        monkeypatch.setattr(Balances, "_lock_open", lock_open_just_before_the_call)
        tx.balances.recount(job_id)
    release(poor, job_id)
    assert get_balance(poor, None) == get_balance(poor, get_user(poor, job_id)) == (0, 33)


def test_a_language_that_a_replay_delivers_is_charged_with_what_it_cost_before(poor: Database) -> None:
    job_id = add_job(poor, ("es", "fr"))
    open_hold(poor, job_id, 300)
    spend(poor, job_id, 100, "es")
    spend(poor, job_id, 60, "fr")
    end(poor, job_id, es=LanguageState.COMPLETED, fr=LanguageState.FAILED)
    release(poor, job_id)
    user = get_user(poor, job_id)
    assert get_balance(poor, user) == (0, 100)
    with poor.transaction() as tx:
        tx.replays.begin(job_id, ["fr"])
    open_hold(poor, job_id, 50)
    spend(poor, job_id, 20, "fr")
    end(poor, job_id, fr=LanguageState.COMPLETED)
    release(poor, job_id)
    assert get_balance(poor, user) == (0, 180)
    assert get_balance(poor, None) == (0, 180)


@pytest.mark.parametrize("outcome", [LanguageState.CANCELLED, LanguageState.FAILED])
def test_who_cancels_or_loses_an_edit_pays_for_the_dub_all_the_same(poor: Database, outcome: LanguageState) -> None:
    job_id = add_job(poor, ("es",))
    open_hold(poor, job_id, 300)
    spend(poor, job_id, 10, None)
    spend(poor, job_id, 100, "es")
    end(poor, job_id, es=LanguageState.COMPLETED)
    release(poor, job_id)
    with poor.transaction() as tx:
        tx.jobs.begin_revision(tx.jobs.claim(job_id), tx.jobs.list_languages(job_id)[0])
    open_hold(poor, job_id, 20)
    spend(poor, job_id, 5, "es")
    end(poor, job_id, es=outcome)
    release(poor, job_id)
    assert get_balance(poor, get_user(poor, job_id)) == (0, 115)
    assert get_balance(poor, None) == (0, 115)


def test_what_a_failed_language_cost_is_held_again_for_its_user_when_it_is_retried(poor: Database) -> None:
    job_id = add_job(poor, ("es", "fr"))
    open_hold(poor, job_id, 550)
    spend(poor, job_id, 250, "es")
    spend(poor, job_id, 250, "fr")
    end(poor, job_id, es=LanguageState.COMPLETED, fr=LanguageState.FAILED)
    release(poor, job_id)
    with poor.transaction() as tx:
        tx.replays.begin(job_id, ["fr"])
    open_hold(poor, job_id, 300)
    with pytest.raises(SpendLimitReachedError), poor.transaction() as tx:
        tx.balances.admit_call(job_id, 101)  # 250 are charged, 250 will be
    with poor.transaction() as tx:
        tx.balances.admit_call(job_id, 100)


def test_a_hold_follows_what_is_known_and_stays_where_the_budget_ends(poor: Database) -> None:
    job_id, other = add_job(poor), add_job(poor)
    open_hold(poor, other, 500)
    open_hold(poor, job_id, 300)

    def cover(lowest: int, worst: int) -> int:
        with poor.transaction() as tx:
            tx.balances.cover(job_id, Need(lowest, worst))
        return get_held(poor, job_id)

    assert cover(100, 200) == 200
    assert cover(100, 450) == 450
    assert cover(400, 550) == 450  # the worst is more than there is, the lowest is not
    assert cover(480, 550) == 480
    with pytest.raises(SpendLimitReachedError):
        cover(501, 550)
    assert get_held(poor, job_id) == 480
    assert get_balance(poor, None) == (980, 0)


def test_a_job_may_not_cost_more_than_its_user_said(poor: Database) -> None:
    job_id = add_job(poor)
    with poor.transaction() as tx:
        tx.session.execute(update(DubbingJob).where(DubbingJob.id == job_id).values(max_spend_usd_micros=200))
    with pytest.raises(SpendLimitTooLowError):
        open_hold(poor, job_id, 500, lowest=201)
    open_hold(poor, job_id, 500, lowest=150)
    assert get_held(poor, job_id) == 200
    spend(poor, job_id, 190)
    with poor.transaction() as tx:
        tx.balances.admit_call(job_id, 10)
    with pytest.raises(SpendLimitReachedError), poor.transaction() as tx:
        tx.balances.admit_call(job_id, 11)


def test_what_a_crash_left_held_is_found_and_given_back(poor: Database) -> None:
    ended, running, in_flight, never_launched = (add_job(poor, ("es",)) for _ in range(4))
    for job_id in (ended, running, in_flight, never_launched):
        open_hold(poor, job_id, 100)
    end(poor, ended, es=LanguageState.COMPLETED)
    end(poor, in_flight, es=LanguageState.COMPLETED)
    with poor.transaction() as tx:
        tx.launches.mark_launched(ended, 1, "r")
        tx.launches.mark_ended(ended, 1)
        tx.launches.mark_launched(in_flight, 1, "r")
        tx.jobs.cancel(never_launched)
    with poor.transaction() as tx:
        assert set(tx.balances.list_ended(10)) == {ended, never_launched}
        for job_id in (ended, running, in_flight, never_launched):
            tx.balances.release_ended(job_id)
    assert get_balance(poor, None) == (200, 0)


def test_what_a_killed_command_left_held_is_given_back_and_that_of_a_living_one_is_not(poor: Database) -> None:
    killed, living, begun_just_now, queued = (add_job(poor, ("es",)) for _ in range(4))
    for job_id in (killed, living, begun_just_now, queued):
        open_hold(poor, job_id, 100)
    spend(poor, killed, 30)
    hours_ago = func.clock_timestamp() - timedelta(hours=2)
    with poor.transaction() as tx:
        for job_id in (killed, living, begun_just_now):  # as the command makes jobs: no sensor launches or ends them
            row = update(DubbingJob).where(DubbingJob.id == job_id)
            tx.session.execute(row.values(state="running", launched_attempt=1, ended_attempt=1))
        for job_id in (killed, living, queued):
            tx.session.execute(update(Hold).where(Hold.job_id == job_id).values(began_at=hours_ago))
        tx.session.execute(_get_task(killed, "es").values(state="synthesizing", heartbeat_at=hours_ago))
        tx.session.execute(_get_task(living, "es").values(state="synthesizing", heartbeat_at=func.clock_timestamp()))
    with poor.transaction() as tx:
        assert tx.balances.list_ended(10) == [killed]
        assert [tx.balances.release_ended(each) for each in (killed, living, begun_just_now, queued)] == [True] + [
            False
        ] * 3
    assert get_balance(poor, None) == (300, 30)


def test_holds_releases_and_recounts_of_many_jobs_at_once_end_in_exact_balances(poor: Database) -> None:
    users = [uuid.uuid4() for _ in range(2)]
    jobs = [add_job(poor, ("es",), user_id=users[n % 2]) for n in range(8)]
    for job_id in jobs[:4]:
        open_hold(poor, job_id, 60)
        spend(poor, job_id, 50)
        end(poor, job_id, es=LanguageState.COMPLETED)

    def work(job_id: uuid.UUID) -> None:
        release(poor, job_id)
        recount(poor, *jobs)
        open_hold(poor, job_id, 30)
        recount(poor, *reversed(jobs))

    assert at_once([lambda job_id=job_id: work(job_id) for job_id in jobs]) == []
    assert get_balance(poor, None) == (240, 200)
    assert [get_balance(poor, user) for user in users] == [(120, 100)] * 2


@dataclass
class Model:
    """A job as the machine knows it."""

    job_id: uuid.UUID
    user_id: uuid.UUID
    doubts: list[uuid.UUID] = field(default_factory=list)


class Money(RuleBasedStateMachine):
    """Any order of what can happen: balances are the sums over the holds, and no limit is passed."""

    database: Database

    @initialize()
    def begin(self) -> None:
        forget(self.database)
        users = [uuid.uuid4(), uuid.uuid4()]
        self.users = users
        # One language has failed before, so that not all that is spent is charged.
        self.jobs = [Model(add_job(self.database, ("es", "fr"), user_id=users[n % 2]), users[n % 2]) for n in range(3)]
        with self.database.transaction() as tx:
            tx.session.execute(_get_task(self.jobs[0].job_id, "fr").values(state="failed"))

    @rule(n=st.integers(0, 2), worst=st.integers(0, 700))
    def hold(self, n: int, worst: int) -> None:
        with contextlib.suppress(BudgetExceededError):
            open_hold(self.database, self.jobs[n].job_id, worst)

    @rule(n=st.integers(0, 2), lowest=st.integers(0, 400), more=st.integers(0, 400))
    def cover(self, n: int, lowest: int, more: int) -> None:
        try:
            with self.database.transaction() as tx:
                tx.balances.cover(self.jobs[n].job_id, Need(lowest, lowest + more))
        except SpendLimitReachedError:
            pass

    @rule(
        n=st.integers(0, 2),
        estimate=st.integers(1, 300),
        share=st.floats(0, 1),
        language=st.sampled_from([None, "es", "fr"]),
        is_doubtful=st.booleans(),
    )
    def call(self, n: int, estimate: int, share: float, language: str | None, is_doubtful: bool) -> None:
        """A call never costs more than was thought."""
        job = self.jobs[n]
        try:
            with self.database.transaction() as tx:
                tx.balances.admit_call(job.job_id, estimate)
                call = make_started(job.job_id, estimate)
                call.language = language
                call.state = "spend_unknown" if is_doubtful else "settled"
                call.cost_usd_micros = 0 if is_doubtful else int(estimate * share)
                call_id = tx.purchases.start_call(call)
        except SpendLimitReachedError:
            return
        if is_doubtful:
            job.doubts.append(call_id)

    @rule(n=st.integers(0, 2))
    def release(self, n: int) -> None:
        release(self.database, self.jobs[n].job_id)

    @rule(n=st.integers(0, 2), language=st.sampled_from(["es", "fr"]), is_failed=st.booleans())
    def end(self, n: int, language: str, is_failed: bool) -> None:
        state = LanguageState.FAILED if is_failed else LanguageState.COMPLETED
        with self.database.transaction() as tx:
            task = _get_task(self.jobs[n].job_id, language)
            tx.session.execute(task.where(LanguageTask.state == "queued").values(state=state.value))
            tx.balances.recount(self.jobs[n].job_id)

    @rule(n=st.integers(0, 2), language=st.sampled_from(["es", "fr"]), worst=st.integers(1, 300))
    def retry(self, n: int, language: str, worst: int) -> None:
        """What a language cost that failed is charged when it is made again."""
        with contextlib.suppress(BudgetExceededError), self.database.transaction() as tx:
            tx.session.execute(_get_task(self.jobs[n].job_id, language).values(state="queued"))
            tx.balances.open_hold(self.jobs[n].job_id, Need(0, worst))

    @rule(n=st.integers(0, 2))
    def reconcile(self, n: int) -> None:
        job = self.jobs[n]
        if job.doubts:
            with self.database.transaction() as tx:
                ended = update(VendorCall).where(VendorCall.id == job.doubts.pop())
                tx.session.execute(ended.values(state="failed"))
                tx.balances.recount(*(each.job_id for each in self.jobs))

    @invariant()
    def balances_are_the_sums_over_the_holds(self) -> None:
        with self.database.transaction() as tx:
            holds = tx.session.scalars(select(Hold)).all()
        for user_id in (None, *self.users):
            mine = [hold for hold in holds if user_id in (None, hold.user_id)]
            held = sum(hold.held_usd_micros for hold in mine if hold.released_at is None)
            spent = sum(
                hold.spent_usd_micros if user_id is None else hold.charged_usd_micros
                for hold in mine
                if hold.released_at is not None
            )
            assert get_balance(self.database, user_id) == (held, spent)

    @invariant()
    def the_installation_never_spends_more_than_it_may(self) -> None:
        assert sum(get_balance(self.database, None)) <= INSTALLATION_LIMIT

    @invariant()
    def no_user_is_charged_more_than_they_may_spend(self) -> None:
        for user in self.users:
            assert sum(get_balance(self.database, user)) <= USER_LIMIT

    @invariant()
    def what_is_held_carries_what_is_spent(self) -> None:
        with self.database.transaction() as tx:
            for hold in tx.session.scalars(select(Hold).where(Hold.released_at.is_(None))):
                sums = tx.balances._sum_ledger(hold.job_id)
                before = tx.balances._sum_released(hold.job_id, besides=hold.id)
                assert max(sums[0] - before[0], sums[1] - before[1]) <= hold.held_usd_micros


def _get_task(job_id: uuid.UUID, language: str) -> Update:
    return update(LanguageTask).where(LanguageTask.job_id == job_id, LanguageTask.language == language)


def test_no_order_of_events_breaks_the_balances(poor: Database) -> None:
    machine = type("MoneyHere", (Money,), {"database": poor})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
