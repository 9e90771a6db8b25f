"""Dead letters and their replays, over a real database."""

import threading
import uuid
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from dubbing.errors import (
    DubbingError,
    JobBusyError,
    JobFinishedError,
    NoSpeechError,
    NotFoundError,
    RunCrashedError,
    SynthesisError,
    TranslationError,
    VendorQuotaError,
)
from dubbing.jobs import LanguageState
from dubbing.stages import TranslatedSegment, VoicedSegment
from resources.database.connection import Database, UnitOfWork
from resources.database.dead_letters import MAX_WORDS
from resources.database.letter_views import LetterQuery, list_letter_ids, list_letters
from resources.database.positions import Position
from resources.database.tables import DeadLetter, JobEvent, JobState, LetterState, VendorCall
from tests.support.jobs import add_job

LOST = SynthesisError("No voice answers.")


def change(database: Database, step: Callable[[UnitOfWork], object]) -> None:
    with database.transaction() as tx:
        step(tx)


def fail(database: Database, job_id: uuid.UUID, *languages: str, error: DubbingError = LOST) -> None:
    for language in languages:
        change(database, lambda tx, each=language: tx.jobs.fail_language(job_id, each, "synthesizing", error))  # type: ignore[misc]


def deliver(database: Database, job_id: uuid.UUID, *languages: str) -> None:
    for language in languages:
        change(database, lambda tx, each=language: tx.jobs.advance(job_id, each, LanguageState.COMPLETED, 100))  # type: ignore[misc]


def begin(database: Database, job_id: uuid.UUID, *languages: str) -> int:
    with database.transaction() as tx:
        return tx.replays.begin(job_id, languages)


def list_of_job(database: Database, job_id: uuid.UUID) -> list[DeadLetter]:
    with database.transaction() as tx:
        letters = tx.session.scalars(select(DeadLetter).where(DeadLetter.job_id == job_id)).all()
    return sorted(letters, key=lambda letter: (letter.language or "", letter.segment_number or 0))


def get_one(database: Database, job_id: uuid.UUID) -> DeadLetter:
    [letter] = list_of_job(database, job_id)
    return letter


def get_states(database: Database, job_id: uuid.UUID) -> dict[str, tuple[str, int]]:
    with database.transaction() as tx:
        return {task.language: (task.state, task.attempt) for task in tx.jobs.list_languages(job_id)}


def voice(database: Database, job_id: uuid.UUID, language: str, *lost: int) -> None:
    """Let a language have two lines, some of them lost."""
    with database.transaction() as tx:
        tx.values.save_translation(job_id, language, [TranslatedSegment(n, f"Line {n}") for n in (1, 2)])
        tx.values.save_voiced(job_id, language, [_build_line(n, is_lost=n in lost) for n in (1, 2)])


def _build_line(number: int, *, is_lost: bool) -> VoicedSegment:
    error_code = "content_refused" if is_lost else None
    return VoicedSegment(number, f"Line {number}", "v", error_code=error_code, is_original=not is_lost)


def test_a_letter_says_what_failed_what_it_was_given_and_what_it_had_cost(database: Database) -> None:
    job_id = add_job(database)
    error = VendorQuotaError("The account is used up; add credit.")
    error.vendor_words = "402 quota_exceeded " + "x" * MAX_WORDS
    with database.transaction() as tx:
        tx.launches.mark_launched(job_id, 1, "run-1")
        for language, cost in (("es", 700), ("es", 40), ("pt-BR", 9)):
            call = VendorCall(
                job_id=job_id,
                language=language,
                operation="synthesize",
                vendor="elevenlabs",
                model="m",
                engine="e",
                content_key="k",
                cost_usd_micros=cost,
                error_code="vendor_quota" if cost == 40 else None,
            )
            tx.purchases.start_call(call)
        tx.values.save_translation(job_id, "es", [TranslatedSegment(1, "Secret words.")])
    fail(database, job_id, "es", error=error)
    letter = get_one(database, job_id)
    assert (letter.language, letter.segment_number, letter.stage) == ("es", None, "synthesizing")
    assert (letter.error_code, letter.retryable, letter.attempts) == ("vendor_quota", False, 1)
    assert (letter.run_id, letter.spent_usd_micros, letter.state) == ("run-1", 740, "open")
    assert letter.vendor_words is not None
    assert len(letter.vendor_words) == MAX_WORDS
    with database.transaction() as tx:
        job, upload = tx.jobs.get(job_id), tx.uploads.get_of_job(job_id)
    assert letter.snapshot.items() >= {
        "upload_id": str(job.upload_id), "sha256": upload.sha256, "revision": 1, "attempt": 1,
        "vendor": "elevenlabs", "operation": "synthesize",
    }.items()  # fmt: skip
    assert len(letter.snapshot["lines"]) == 64
    assert "Secret" not in str(letter.snapshot)


def test_a_job_that_fails_as_a_whole_leaves_one_letter_for_all_its_languages(database: Database) -> None:
    job_id = add_job(database, ["de", "es", "fr"])
    deliver(database, job_id, "de")
    change(database, lambda tx: tx.jobs.fail_job(job_id, "run", RunCrashedError("It ended.")))
    letter = get_one(database, job_id)
    assert (letter.language, letter.snapshot["languages"]) == (None, ["es", "fr"])


def test_a_replay_queues_what_failed_and_leaves_what_was_delivered(database: Database) -> None:
    job_id = add_job(database)
    deliver(database, job_id, "es")
    fail(database, job_id, "pt-BR")
    assert begin(database, job_id, "pt-BR") == 2
    assert get_states(database, job_id) == {"es": ("completed", 1), "pt-BR": ("queued", 2)}
    with database.transaction() as tx:
        job = tx.jobs.get(job_id)
        [task] = [each for each in tx.jobs.list_languages(job_id) if each.language == "pt-BR"]
        assert [waiting.job.id for waiting in tx.launches.list_waiting(1000)].count(job_id) == 1
    assert (job.state, job.attempt, job.finished_at, job.error_code) == ("queued", 2, None, None)
    assert (task.error_code, task.progress, task.finished_at) == (None, 0, None)
    letter = get_one(database, job_id)
    assert (letter.state, letter.snapshot["replay_attempt"]) == ("replaying", 2)


def test_a_replay_tells_whoever_launches_runs(database: Database) -> None:
    job_id = add_job(database, ["es"])
    fail(database, job_id, "es")
    with database.listen("dubline_job_submitted") as heard:
        begin(database, job_id, "es")
        assert heard(5.0)


def test_a_letter_is_settled_when_its_language_is_delivered(database: Database) -> None:
    job_id = add_job(database, ["es"])
    fail(database, job_id, "es")
    begin(database, job_id, "es")
    deliver(database, job_id, "es")
    assert get_one(database, job_id).state == "replayed"


def test_a_replay_that_fails_again_is_told_in_the_same_letter_wherever_it_fails(database: Database) -> None:
    job_id = add_job(database, ["es", "fr"])
    deliver(database, job_id, "fr")
    fail(database, job_id, "es")
    first = get_one(database, job_id)
    begin(database, job_id, "es")
    change(database, lambda tx: tx.jobs.fail_language(job_id, "es", "translating", TranslationError("No.")))
    begin(database, job_id, "es")
    change(database, lambda tx: tx.jobs.fail_job(job_id, "run", RunCrashedError("It ended.")))
    again = get_one(database, job_id)
    assert (again.id, again.first_at) == (first.id, first.first_at)
    assert (again.state, again.stage, again.error_code, again.attempts) == ("open", "run", "run_crashed", 3)
    assert again.last_at > first.last_at


def test_a_job_that_fails_as_a_whole_again_keeps_its_letter(database: Database) -> None:
    job_id = add_job(database)
    change(database, lambda tx: tx.jobs.fail_job(job_id, "transcribing", NoSpeechError("Nobody speaks.")))
    begin(database, job_id, "es", "pt-BR")
    change(database, lambda tx: tx.jobs.fail_job(job_id, "run", RunCrashedError("It ended.")))
    letter = get_one(database, job_id)
    assert (letter.attempts, letter.error_code, letter.snapshot["languages"]) == (2, "run_crashed", ["es", "pt-BR"])


def test_every_failed_language_is_covered_by_one_open_letter(database: Database) -> None:
    job_id = add_job(database, ["de", "es", "fr"])
    change(database, lambda tx: tx.jobs.fail_job(job_id, "transcribing", LOST))
    begin(database, job_id, "de", "es", "fr")
    fail(database, job_id, "es")
    deliver(database, job_id, "fr")
    job_letter, own = list_of_job(database, job_id)
    assert (job_letter.state, job_letter.snapshot["languages"]) == ("replaying", ["de"])
    assert (own.state, own.language) == ("open", "es")
    fail(database, job_id, "de")
    job_letter, own = list_of_job(database, job_id)
    assert (job_letter.state, job_letter.attempts, job_letter.snapshot["languages"]) == ("open", 2, ["de"])
    assert (own.state, own.attempts) == ("open", 1)
    begin(database, job_id, "de", "es")
    deliver(database, job_id, "de", "es")
    assert {letter.state for letter in list_of_job(database, job_id)} == {"replayed"}


def test_a_part_of_a_failed_job_can_be_replayed_and_the_rest_stays_open(database: Database) -> None:
    job_id = add_job(database)
    change(database, lambda tx: tx.jobs.fail_job(job_id, "transcribing", LOST))
    begin(database, job_id, "es")
    letter = get_one(database, job_id)
    assert (letter.state, letter.snapshot["languages"]) == ("open", ["pt-BR"])
    deliver(database, job_id, "es")
    assert get_one(database, job_id).state == "open"


def test_a_replay_that_is_cancelled_leaves_its_letter_open_and_can_be_begun_again(database: Database) -> None:
    job_id = add_job(database, ["es"])
    fail(database, job_id, "es")
    begin(database, job_id, "es")
    change(database, lambda tx: tx.jobs.cancel(job_id))
    assert get_one(database, job_id).state == "open"
    assert begin(database, job_id, "es") == 3


def test_what_a_person_cancelled_is_not_replayed(database: Database) -> None:
    job_id = add_job(database, ["es"])
    change(database, lambda tx: tx.jobs.cancel(job_id))
    with pytest.raises(JobFinishedError):
        begin(database, job_id, "es")


@pytest.mark.parametrize("language", ["es", "nowhere"])
def test_what_did_not_fail_is_not_replayed(database: Database, language: str) -> None:
    job_id = add_job(database)
    deliver(database, job_id, "es")
    fail(database, job_id, "pt-BR")
    with pytest.raises(JobFinishedError if language == "es" else NotFoundError):
        begin(database, job_id, language)


def test_a_job_that_is_worked_on_is_not_replayed(database: Database) -> None:
    job_id = add_job(database)
    fail(database, job_id, "es")
    change(database, lambda tx: tx.jobs.advance(job_id, "pt-BR", LanguageState.MIXING, 80))
    with pytest.raises(JobBusyError):
        begin(database, job_id, "es")
    deliver(database, job_id, "pt-BR")
    with database.lock_job(str(job_id)), pytest.raises(JobBusyError):
        begin(database, job_id, "es")
    with database.lock_job(str(job_id)), database.transaction() as tx:
        assert tx.replays.begin(job_id, ["es"], is_held=True) == 2


def test_an_expired_job_is_not_replayed(database: Database) -> None:
    job_id = add_job(database, ["es"])
    fail(database, job_id, "es")
    with database.transaction() as tx:
        tx.jobs.get(job_id).state = JobState.EXPIRED.value
    with pytest.raises(JobFinishedError, match="expired"):
        begin(database, job_id, "es")


def test_of_two_replays_at_once_one_begins_and_the_other_finds_it_begun(database: Database) -> None:
    for _ in range(5):
        job_id = add_job(database, ["es"])
        fail(database, job_id, "es")
        start = threading.Barrier(4)

        def replay(job_id: uuid.UUID = job_id, start: threading.Barrier = start) -> int:
            start.wait()
            try:
                return begin(database, job_id, "es")
            except JobBusyError:
                return 0

        with ThreadPoolExecutor(4) as pool:
            attempts = [future.result() for future in [pool.submit(replay) for _ in range(4)]]
        assert sorted(attempts) == [0, 0, 0, 2]
        assert get_states(database, job_id) == {"es": ("queued", 2)}
        with database.transaction() as tx:
            queued = select(JobEvent).where(JobEvent.job_id == job_id, JobEvent.type == "job.queued")
            assert len(tx.session.scalars(queued).all()) == 2


def test_a_line_lost_in_a_delivered_language_gets_a_letter_until_it_is_heard(database: Database) -> None:
    job_id = add_job(database)
    voice(database, job_id, "es", 1, 2)
    deliver(database, job_id, "es", "pt-BR")
    letters = list_of_job(database, job_id)
    assert [(each.language, each.segment_number, each.error_code) for each in letters] == [
        ("es", 1, "content_refused"),
        ("es", 2, "content_refused"),
    ]
    with database.transaction() as tx:
        tx.replays.begin_lines(job_id, ["es"])
    assert {each.state for each in list_of_job(database, job_id)} == {"replaying"}
    with database.transaction() as tx:
        job, tasks = tx.jobs.get(job_id), {each.language: each for each in tx.jobs.list_languages(job_id)}
    assert (job.revision, tasks["es"].revision, tasks["es"].state, tasks["pt-BR"].revision) == (2, 2, "queued", 1)
    voice(database, job_id, "es", 2)
    deliver(database, job_id, "es")
    assert [(each.segment_number, each.state, each.attempts) for each in list_of_job(database, job_id)] == [
        (1, "replayed", 1),
        (2, "open", 2),
    ]


def test_a_lost_line_counts_once_an_attempt_and_keeps_what_the_vendor_said(database: Database) -> None:
    job_id = add_job(database, ["es"])
    refused = VendorQuotaError("The account is used up.")
    refused.vendor_words = "402 quota_exceeded"
    for _ in range(2):
        change(database, lambda tx: tx.letters.record_segment(job_id, "es", 1, "synthesizing", refused))
    voice(database, job_id, "es", 1)
    deliver(database, job_id, "es")
    letter = get_one(database, job_id)
    assert (letter.attempts, letter.error_code, letter.vendor_words) == (1, "vendor_quota", "402 quota_exceeded")


def test_a_line_that_was_given_up_stays_given_up(database: Database) -> None:
    job_id = add_job(database, ["es"])
    voice(database, job_id, "es", 1)
    deliver(database, job_id, "es")
    letter_id = get_one(database, job_id).id
    with database.transaction() as tx:
        found = tx.letters.find(letter_id)
        assert found is not None
        tx.letters.discard(found)
        tx.jobs.begin_revision(tx.jobs.claim(job_id), tx.jobs.list_languages(job_id)[0])
    deliver(database, job_id, "es")
    assert get_one(database, job_id).state == "discarded"


def test_letters_are_found_by_what_when_where_and_at_whom(database: Database) -> None:
    job_ids = [add_job(database, ["es"]) for _ in range(3)]
    fail(database, job_ids[0], "es", error=VendorQuotaError("Used up."))
    change(database, lambda tx: tx.jobs.fail_language(job_ids[1], "es", "mixing", LOST))
    fail(database, job_ids[2], "es")
    letters = [get_one(database, job_id) for job_id in job_ids]
    with database.transaction() as tx:
        found = tx.letters.find(letters[2].id)
        assert found is not None
        found.snapshot = {**found.snapshot, "vendor": "somebody"}

    def find(**wanted: object) -> Collection[int]:
        with database.transaction() as tx:
            found = list_letters(tx, LetterQuery(**wanted), limit=1000)  # type: ignore[arg-type]
        return [ids.index(each.id) for each in found if each.id in ids]

    ids = [letter.id for letter in letters]
    assert find() == find(state=LetterState.OPEN) == [2, 1, 0]
    assert find(error_code="vendor_quota") == [0]
    assert find(stage="mixing") == [1]
    assert find(vendor="somebody") == [2]
    assert find(job_id=job_ids[1]) == [1]
    assert find(since=letters[1].last_at) == [2, 1]
    assert find(until=letters[1].last_at) == [0]
    assert find(state=LetterState.DISCARDED) == []
    with database.transaction() as tx:
        page = list_letters(tx, LetterQuery(), limit=1)
        rest = list_letters(tx, LetterQuery(), after=Position(page[0].last_at, page[0].id), limit=1000)
        assert [each.id for each in (*page, *rest)] == [each.id for each in list_letters(tx, LetterQuery(), limit=1000)]
        every = list_letter_ids(tx, LetterQuery())
        assert [*every[:2], *list_letter_ids(tx, LetterQuery(), after=every[1])] == every
