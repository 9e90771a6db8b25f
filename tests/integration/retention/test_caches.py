"""A sweep and a job that want the same reading at the same moment: the job gets it, or buys it anew; never a half."""

import threading
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from dubbing.retention import Kind
from dubbing.transcript import Transcript, Word
from resources.database.purchases import KeptTranslation
from resources.database.tables import DubbedSegment, Take, TranscriptRow, TranslationRow
from resources.retention.eraser import Eraser
from tests.support import kept as support
from tests.support.kept import KEEP, POLICY, WISHES, Kept
from tests.support.waiting import wait_for

NOW = datetime.now(UTC)
"""The clock of Postgres, which notes what is in use."""

OLD = NOW - KEEP - timedelta(hours=1)

YOUNG = support.NOW - NOW
"""Age by the clock of the other tests of something that was made just now."""


def add_take(kept: Kept, used_at: datetime = OLD) -> str:
    key = uuid.uuid4().hex * 2
    with kept.database.transaction() as tx:
        tx.purchases.record_take(
            Take(
                content_key=key,
                storage_key=f"takes/{key[:2]}/{key}.wav",
                language="es",
                voice="v",
                speech_start_ms=0,
                speech_end_ms=1,
                sha256="0" * 64,
                used_at=used_at,
            )
        )
    kept.put(f"takes/{key[:2]}/{key}.wav")
    return key


class PausingStore:
    """A real store whose deletion waits until it may go on."""

    def __init__(self, kept: Kept) -> None:
        self._inner = kept.store
        self.is_deleting, self.may_go_on = threading.Event(), threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def delete_many(self, keys: Sequence[str]) -> Mapping[str, str]:
        if keys:
            self.is_deleting.set()
            assert self.may_go_on.wait(20)
        return self._inner.delete_many(keys)


def test_a_job_that_wants_a_reading_which_is_being_erased_waits_and_finds_none(kept: Kept) -> None:
    key = add_take(kept)
    store = PausingStore(kept)
    eraser = Eraser(kept.database, store, POLICY, WISHES)  # type: ignore[arg-type]
    found: list[Take | None] = []

    def find() -> None:
        with kept.database.transaction() as tx:
            found.append(tx.purchases.find_take(key))

    sweeping, wanting = threading.Thread(target=lambda: eraser.sweep(NOW)), threading.Thread(target=find)
    sweeping.start()
    assert store.is_deleting.wait(20)
    wanting.start()
    wait_for(lambda: is_waiting_for_a_lock(kept), "the job to wait")
    assert found == []
    store.may_go_on.set()
    sweeping.join()
    wanting.join()
    assert found == [None]


def is_waiting_for_a_lock(kept: Kept) -> bool:
    with kept.database.engine.connect() as connection:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(connection.exec_driver_sql(waiting).scalar())


def test_a_reading_that_a_job_has_just_found_is_left(kept: Kept) -> None:
    key = add_take(kept)
    with kept.database.transaction() as tx:
        assert tx.purchases.find_take(key) is not None
        during = kept.eraser.sweep(NOW)  # its row is held
    after = kept.eraser.sweep(NOW)
    assert (during.erased.get(Kind.TAKE, 0), after.erased.get(Kind.TAKE, 0)) == (0, 0)
    assert kept.count("takes", content_key=key) == 1


def test_a_reading_that_no_job_uses_goes_when_it_is_old(kept: Kept) -> None:
    old, new = add_take(kept), add_take(kept, NOW)
    kept.eraser.sweep(NOW)
    assert (kept.count("takes", content_key=old), kept.count("takes", content_key=new)) == (0, 1)


def test_what_the_oldest_run_at_work_may_have_found_is_left(kept: Kept) -> None:
    key = add_take(kept)
    running = kept.add_job(YOUNG, text="other words")
    kept.change_job(running, attempt=2, launched_attempt=2, state="running", finished_at=None)
    with kept.database.transaction() as tx:
        task = tx.jobs.list_languages(running)[0]
        task.started_at, task.finished_at = OLD - timedelta(hours=1), None
    assert kept.eraser.sweep(NOW).in_use[Kind.TAKE] == 1
    kept.change_job(running, ended_attempt=2)
    kept.eraser.sweep(NOW)
    assert kept.count("takes", content_key=key) == 0


def test_a_translation_that_a_job_still_says_stays(kept: Kept) -> None:
    job_id = kept.add_job(YOUNG)
    with kept.database.transaction() as tx:
        tx.session.execute(update(TranslationRow).values(used_at=OLD))
        tx.session.execute(update(TranscriptRow).values(used_at=OLD))
    kept.eraser.sweep(NOW)
    assert (kept.count("translations"), kept.count("transcripts")) == (1, 1)
    with kept.database.transaction() as tx:
        tx.session.execute(update(DubbedSegment).where(DubbedSegment.job_id == job_id).values(text="other words"))
    kept.eraser.sweep(NOW)
    assert (kept.count("translations"), kept.count("transcripts")) == (0, 1)


def test_whoever_finds_something_bought_notes_that_it_is_in_use(kept: Kept) -> None:
    key = add_take(kept)
    with kept.database.transaction() as tx:
        tx.purchases.record_transcript("t", Transcript("en", 1, (Word("a", 0, 1),)))
        tx.purchases.record_translation("l", KeptTranslation("a"), source="en", target="es")
        for table in (TranscriptRow, TranslationRow):
            tx.session.execute(update(table).values(used_at=OLD))
    with kept.database.transaction() as tx:
        assert tx.purchases.find_transcript("t") is not None
        assert tx.purchases.find_translations(["l"]).keys() == {"l"}
        assert tx.purchases.find_take(key) is not None
    with kept.database.transaction() as tx:
        for table in (TranscriptRow, TranslationRow, Take):
            assert tx.session.scalars(select(table.used_at)).one() > NOW - timedelta(minutes=5)


def test_a_translation_is_found_while_another_holds_its_row(kept: Kept) -> None:
    with kept.database.transaction() as tx:
        tx.purchases.record_translation("l", KeptTranslation("a"), source="en", target="es")
        tx.session.execute(update(TranslationRow).values(used_at=OLD))
    with kept.database.transaction() as tx, kept.database.transaction() as other:
        other.session.execute(select(TranslationRow).with_for_update())
        assert tx.purchases.find_translations(["l"])["l"].text == "a"
