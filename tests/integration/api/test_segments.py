"""Lines read and changed through the API; what the line makes of an edit is in tests/integration/line/test_edits.py."""

import threading
import uuid
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from dubbing.engines import Voice
from dubbing.errors import (
    BudgetExceededError,
    DubbingError,
    RunCrashedError,
    SettingsError,
    SynthesisError,
    VendorAuthError,
    VendorQuotaError,
    VendorRejectedError,
    VendorUnavailableError,
)
from dubbing.jobs import LanguageState
from dubbing.stages import Artifact, SegmentedTranscript, TranslatedSegment, VoicedSegment
from dubbing.transcript import Segment
from resources.database.tables import ArtifactRow, DubbedSegment, DubbingJob, Take
from tests.support.desk import ALICE, Desk
from tests.support.jobs import add_job

SEGMENTS = tuple(Segment(number, 1_000 * number, 1_000 * number + 800, f"Line {number}.", "1") for number in (1, 2, 3))


def deliver(desk: Desk, *languages: str) -> uuid.UUID:
    """A finished job of Alice's with three lines a language, the last of which nobody could read."""
    job_id = add_job(desk.database, languages, user_id=ALICE)
    with desk.database.transaction() as tx:
        tx.values.save_transcript(job_id, SegmentedTranscript("en", 5_000, SEGMENTS))
        tx.launches.mark_launched(job_id, 1, "first")
        tx.launches.mark_ended(job_id, 1)
    for language in languages:
        finish(desk, job_id, language)
    save(desk, job_id, None, "manifest", "manifest.json")
    return job_id


def finish(desk: Desk, job_id: uuid.UUID, language: str) -> None:
    take_key = uuid.uuid4().hex
    with desk.database.transaction() as tx:
        tx.session.add(
            Take(
                content_key=take_key, storage_key=take_key, language=language, voice="tone", speech_start_ms=0,
                speech_end_ms=500, sha256="0" * 64,
            )
        )  # fmt: skip
        tx.session.flush()
        tx.values.save_translation(
            job_id, language, [TranslatedSegment(s.number, f"{language} {s.number}", ("number",)) for s in SEGMENTS]
        )
        tx.values.save_voiced(
            job_id,
            language,
            [
                VoicedSegment(1, f"{language} 1", "tone", take_key, 1_020, 500, 1.1, vendor_speed=1.1),
                VoicedSegment(2, f"{language} 2", "tone", take_key, 2_000, 900, 1.3, overflow_ms=70),
                VoicedSegment(3, f"{language} 3", "tone", None, 3_000, 800, error_code="synthesis_failed"),
            ],
        )
    save(desk, job_id, language, "dub", f"{language}/dub.m4a")
    with desk.database.transaction() as tx:
        tx.jobs.advance(job_id, language, LanguageState.COMPLETED, 100)


def save(desk: Desk, job_id: uuid.UUID, language: str | None, kind: str, path: str) -> None:
    made = Artifact(kind, path, f"jobs/{job_id}/{uuid.uuid4()}", "audio/mp4", 1, "0" * 64)
    with desk.database.transaction() as tx:
        tx.values.save_artifact(job_id, language, made, timedelta(hours=48))


def patch(
    client: httpx.Client, job_id: uuid.UUID, number: int = 1, language: str = "es", **body: Any
) -> httpx.Response:
    return client.patch(f"/jobs/{job_id}/languages/{language}/segments/{number}", json=body)


def list_lines(client: httpx.Client, job_id: uuid.UUID, language: str = "es", **query: int) -> dict[str, Any]:
    reply = client.get(f"/jobs/{job_id}/languages/{language}/segments", params=query)
    page: dict[str, Any] = reply.raise_for_status().json()
    return page


def list_files(client: httpx.Client, job_id: uuid.UUID, **query: bool) -> list[tuple[str, int]]:
    items = client.get(f"/jobs/{job_id}/artifacts", params=query).raise_for_status().json()["items"]
    return [(item["path"], item["revision"]) for item in items]


def start_work(desk: Desk, job_id: uuid.UUID, language: str = "es") -> None:
    with desk.database.transaction() as tx:
        tx.jobs.advance(job_id, language, LanguageState.TRANSCRIBING, 1)


def test_a_line_says_what_is_said_by_whom_when_and_how_well_it_fits(desk: Desk, alice: httpx.Client) -> None:
    voiced, overflowing, failed = list_lines(alice, deliver(desk, "es"))["items"]
    assert voiced == {
        "number": 1,
        "source": {"text": "Line 1.", "start_ms": 1_000, "end_ms": 1_800, "speaker": "1"},
        "translation": "es 1",
        "flags": ["number"],
        "voice": "tone",
        "timing": {"start_ms": 1_020, "duration_ms": 500, "offset_ms": 20},
        "fit": {"speed": 1.21, "overflow_ms": 0},
        "state": "voiced",
        "error": None,
        "edited": None,
    }
    assert (overflowing["state"], overflowing["fit"]["overflow_ms"]) == ("overflow", 70)
    assert (failed["state"], failed["error"], failed["fit"]) == ("failed", "synthesis_failed", None)


def test_lines_come_in_pages_by_their_numbers(desk: Desk, alice: httpx.Client) -> None:
    job_id = deliver(desk, "es")
    first = list_lines(alice, job_id, limit=2)
    rest = list_lines(alice, job_id, after=first["next_after"], limit=2)
    assert [[line["number"] for line in page["items"]] for page in (first, rest)] == [[1, 2], [3]]
    assert rest["next_after"] is None


def test_a_job_that_was_not_worked_on_has_no_lines_yet(desk: Desk, alice: httpx.Client) -> None:
    assert list_lines(alice, add_job(desk.database, ("es",), user_id=ALICE)) == {"items": [], "next_after": None}


def test_nobody_else_reads_or_changes_a_line(desk: Desk, bob: httpx.Client) -> None:
    job_id = deliver(desk, "es")
    assert bob.get(f"/jobs/{job_id}/languages/es/segments").status_code == 404
    assert patch(bob, job_id, text="Mine now.").status_code == 404
    assert patch(bob, job_id, voice="no_such_voice").status_code == 404  # nor learns that the line is there


@pytest.mark.parametrize(("number", "language"), [(9, "es"), (1, "fr")])
def test_a_line_that_is_not_there_is_not_found(desk: Desk, alice: httpx.Client, number: int, language: str) -> None:
    assert patch(alice, deliver(desk, "es"), number, language, text="Words.").status_code == 404


def test_an_edit_queues_its_language_alone_as_a_new_revision_and_another_attempt(
    desk: Desk, alice: httpx.Client
) -> None:
    job_id = deliver(desk, "es", "fr")
    reply = patch(alice, job_id, 2, text="  Otra\n cosa. ")
    job = reply.json()
    spanish, french = job["languages"]
    assert reply.status_code == 202
    assert (job["state"], job["attempt"], job["revision"], job["finished_at"]) == ("queued", 2, 2, None)
    assert (spanish["state"], spanish["progress"], spanish["waiting_on"]) == ("queued", 0, "queue")
    assert (spanish["attempt"], spanish["revision"]) == (2, 2)
    assert (french["state"], french["progress"], french["attempt"], french["revision"]) == ("completed", 100, 1, 1)
    edited = list_lines(alice, job_id)["items"][1]["edited"]
    assert (edited["text"], edited["voice"], edited["keeps_original"]) == ("Otra cosa.", None, False)
    with desk.database.transaction() as tx:
        [waiting] = [each for each in tx.launches.list_waiting(1_000) if each.job.id == job_id]
        assert tx.jobs.list_active_languages(job_id) == ["es"]
        assert {number: edit.text for number, edit in tx.edits.list_edits(job_id, "es").items()} == {2: "Otra cosa."}
        assert tx.edits.list_edits(job_id, "fr") == {}
    assert waiting.job.attempt == 2


def test_the_history_tells_which_line_was_changed_and_none_of_its_words(desk: Desk, alice: httpx.Client) -> None:
    job_id = deliver(desk, "es")
    patch(alice, job_id, 2, text="Otra cosa.")
    events = alice.get(f"/jobs/{job_id}/events").json()["items"]
    assert [(event["type"], event["language"], event["data"]) for event in events[-2:]] == [
        ("job.queued", None, {"languages": ["es"]}),
        ("segment.edited", "es", {"number": 2, "revision": 2}),
    ]


def test_the_same_edit_again_changes_nothing_even_while_it_is_made(desk: Desk, alice: httpx.Client) -> None:
    job_id = deliver(desk, "es")
    patch(alice, job_id, text="Otra cosa.", keep_original=False)
    start_work(desk, job_id)
    again = patch(alice, job_id, text="Otra  cosa.")
    assert (again.status_code, again.json()["revision"], again.json()["state"]) == (202, 2, "running")


def test_what_is_left_out_stays_and_null_takes_it_back(desk: Desk, alice: httpx.Client) -> None:
    job_id = deliver(desk, "es")
    patch(alice, job_id, text="Otra cosa.", voice="tone_es")
    patch(alice, job_id, keep_original=True)
    patch(alice, job_id, text=None)
    edited = list_lines(alice, job_id)["items"][0]["edited"]
    assert (edited["text"], edited["voice"], edited["keeps_original"]) == (None, "tone_es", True)
    patch(alice, job_id, voice=None, keep_original=None)
    assert list_lines(alice, job_id)["items"][0]["edited"] is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"text": " \n "},
        {"text": "…?!"},
        {"text": "a" * 1_001},
        {"text": "a\x00b"},
        {"text": "a\u202eb"},
        {"text": "a\u200bb"},
        {"text": "\u200ea\u200f"},
        {"text": "a\u061c"},
        {"text": "\ufeffa"},
        {"text": "a\U000e0041\U000e007f"},
        {"text": "a" + "\u0301" * 12},
        {"text": "a" + "\u20dd\u200d" * 6},
        {"voice": "tone\u200b_es"},
        {"text": 7},
        {"voice": ""},
        {"keep_original": "perhaps"},
        {"texts": "Otra cosa."},
    ],
)
def test_an_edit_that_cannot_be_meant_is_refused(desk: Desk, alice: httpx.Client, body: dict[str, Any]) -> None:
    job_id = deliver(desk, "es")
    reply = patch(alice, job_id, **body)
    assert (reply.status_code, reply.json()["code"]) == (422, "malformed_request")
    assert alice.get(f"/jobs/{job_id}").json()["revision"] == 1


@pytest.mark.parametrize(
    "text",
    ["می\u200cخواهم", "क्\u200dष", "👩\u200d👩\u200d👧 sí", "الآية \u06dd٣", "Zu\u0308rich", "ကြိုးစားပါ", "ที่นี่", "שָׁלוֹם"],
)
def test_words_of_every_writing_are_welcome(desk: Desk, alice: httpx.Client, text: str) -> None:
    assert patch(alice, deliver(desk, "es"), text=text).status_code == 202


def test_a_line_forgets_who_read_it_when_another_voice_is_wished_or_no_wished_one_any_more(
    desk: Desk, alice: httpx.Client
) -> None:
    job_id = deliver(desk, "es")

    def list_heard(**body: Any) -> list[int]:
        assert patch(alice, job_id, **body).status_code == 202
        with desk.database.transaction() as tx:
            heard = sorted(tx.values.load_heard(job_id, "es"))
            for line in tx.session.scalars(select(DubbedSegment).filter_by(job_id=job_id, number=1)):
                line.voice = "tone"  # as the next run would leave it
        return heard

    assert list_heard(text="Otra cosa.") == [1, 2]
    assert list_heard(voice="tone_es") == [2]
    assert list_heard(text=None) == [1, 2]  # the voice stays wished
    assert list_heard(voice=None) == [2]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (VendorUnavailableError("The voices cannot be listed now."), 503, "vendor_unavailable"),
        (VendorAuthError("The key is not accepted."), 502, "vendor_auth"),
        (VendorQuotaError("The account is used up."), 502, "vendor_quota"),
        (VendorRejectedError("The vendor does not accept this."), 502, "vendor_rejected"),
        (SettingsError("The key has characters that no key has."), 500, "internal"),
    ],
)
def test_when_no_voices_can_be_listed_every_route_says_so_as_it_is_documented(
    desk: Desk, alice: httpx.Client, monkeypatch: pytest.MonkeyPatch, error: DubbingError, status: int, code: str
) -> None:
    def fail() -> tuple[Voice, ...]:
        raise error

    job_id = deliver(desk, "es")
    monkeypatch.setattr(desk.container.synthesizer, "list_voices", fail)
    voices, languages = alice.get("/voices"), alice.get("/languages")
    for reply in (patch(alice, job_id, voice="tone_es"), voices, languages):
        assert (reply.status_code, reply.json()["code"]) == (status, code)
        assert ("retry-after" in reply.headers) == (status == 503)
        assert (error.message in reply.text) == (status != 500)
    paths = httpx.get(f"{desk.url}/openapi.json").json()["paths"]
    segment = "/v1/jobs/{job_id}/languages/{language}/segments/{number}"
    for path, method in ((segment, "patch"), ("/v1/voices", "get"), ("/v1/languages", "get"), ("/v1/jobs", "post")):
        assert f"`{code}`" in paths[path][method]["responses"][str(status)]["description"]
    assert alice.get(f"/jobs/{job_id}").json()["revision"] == 1


@pytest.mark.parametrize("voice", ["nobody", "tone_fr"])
def test_a_voice_that_does_not_speak_the_language_is_refused(desk: Desk, alice: httpx.Client, voice: str) -> None:
    reply = patch(alice, deliver(desk, "es"), voice=voice)
    assert (reply.status_code, reply.json()["code"]) == (422, "unknown_voice")
    assert "tone_es" in reply.json()["detail"]


def test_a_job_that_is_worked_on_takes_no_edit(desk: Desk, alice: httpx.Client) -> None:
    job_id = deliver(desk, "es", "fr")
    patch(alice, job_id, text="Otra cosa.")
    start_work(desk, job_id)
    for language in ("es", "fr"):
        reply = patch(alice, job_id, 2, language, text="Y otra.")
        assert (reply.status_code, reply.json()["code"]) == (409, "job_busy")
    assert alice.get(f"/jobs/{job_id}").json()["revision"] == 2


def test_a_job_that_was_never_delivered_takes_no_edit(desk: Desk, alice: httpx.Client) -> None:
    job_id = add_job(desk.database, ("es",), user_id=ALICE)
    with desk.database.transaction() as tx:
        tx.values.save_transcript(job_id, SegmentedTranscript("en", 5_000, SEGMENTS))
    assert patch(alice, job_id, text="Otra cosa.").json()["code"] == "job_busy"
    with desk.database.transaction() as tx:
        tx.jobs.fail_language(job_id, "es", "mixing", SynthesisError("No."))
    assert patch(alice, job_id, text="Otra cosa.").json()["code"] == "job_finished"


def test_a_finished_job_that_somebody_runs_again_by_hand_takes_no_edit(desk: Desk, alice: httpx.Client) -> None:
    job_id = deliver(desk, "es")
    with desk.database.lock_job(str(job_id)):
        assert patch(alice, job_id, text="Otra cosa.").json()["code"] == "job_busy"
    assert patch(alice, job_id, text="Otra cosa.").status_code == 202


def test_a_job_whose_files_have_expired_takes_no_edit(desk: Desk, alice: httpx.Client) -> None:
    job_id = deliver(desk, "es")
    with desk.database.transaction() as tx:
        tx.session.execute(update(ArtifactRow).where(ArtifactRow.job_id == job_id).values(expires_at=func.now()))
    reply = patch(alice, job_id, text="Otra cosa.")
    assert (reply.status_code, reply.json()["code"]) == (409, "job_finished")
    assert "expired" in reply.json()["detail"]


def test_edits_at_the_same_moment_are_all_kept_and_share_one_attempt(desk: Desk, alice: httpx.Client) -> None:
    job_id = deliver(desk, "es", "fr")
    edits = [(number, language) for number in (1, 2, 3) for language in ("es", "fr")]
    replies: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda n=n, to=to: replies.append(patch(alice, job_id, n, to, text=f"Words {n}.")))
        for n, to in edits
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [reply.status_code for reply in replies] == [202] * len(edits)
    job = alice.get(f"/jobs/{job_id}").json()
    assert (job["attempt"], job["revision"]) == (2, 1 + len(edits))
    assert {language["attempt"] for language in job["languages"]} == {2}
    for language in ("es", "fr"):
        texts = [line["edited"]["text"] for line in list_lines(alice, job_id, language)["items"]]
        assert texts == ["Words 1.", "Words 2.", "Words 3."]


def test_the_files_of_before_are_there_until_the_new_ones_are_proved(desk: Desk, alice: httpx.Client) -> None:
    job_id = deliver(desk, "es", "fr")
    first = [("es/dub.m4a", 1), ("fr/dub.m4a", 1), ("manifest.json", 1)]
    assert list_files(alice, job_id) == first
    patch(alice, job_id, text="Otra cosa.")
    start_work(desk, job_id)
    save(desk, job_id, "es", "dub", "es/dub.m4a")
    assert list_files(alice, job_id) == list_files(alice, job_id, all_revisions=True) == first
    save(desk, job_id, None, "manifest", "manifest.json")
    with desk.database.transaction() as tx:
        tx.jobs.advance(job_id, "es", LanguageState.COMPLETED, 100)
    assert list_files(alice, job_id) == [("es/dub.m4a", 2), ("fr/dub.m4a", 1), ("manifest.json", 2)]
    assert list_files(alice, job_id, all_revisions=True) == [
        ("es/dub.m4a", 1), ("es/dub.m4a", 2), ("fr/dub.m4a", 1), ("manifest.json", 1), ("manifest.json", 2),
    ]  # fmt: skip


def test_a_file_of_before_is_still_downloaded_after_an_edit(desk: Desk, alice: httpx.Client) -> None:
    job_id = deliver(desk, "es")
    old = alice.get(f"/jobs/{job_id}/artifacts").json()["items"][0]
    patch(alice, job_id, text="Otra cosa.")
    finish(desk, job_id, "es")
    assert list_files(alice, job_id)[0] == ("es/dub.m4a", 2)
    assert alice.post(f"/artifacts/{old['id']}/download").status_code == 201


def test_an_edit_that_failed_leaves_the_files_of_before_and_can_be_asked_for_again(
    desk: Desk, alice: httpx.Client
) -> None:
    job_id = deliver(desk, "es", "fr")
    patch(alice, job_id, text="Otra cosa.")
    start_work(desk, job_id)
    save(desk, job_id, "es", "dub", "es/dub.m4a")
    with desk.database.transaction() as tx:
        tx.jobs.fail_job(job_id, "run", RunCrashedError("It ended."))
    job = alice.get(f"/jobs/{job_id}").json()
    assert (job["state"], job["error"]) == ("completed_with_issues", None)
    assert job["languages"][0]["error"]["code"] == "run_crashed"
    assert list_files(alice, job_id, all_revisions=True)[0] == ("es/dub.m4a", 1)
    again = patch(alice, job_id, text="Otra cosa.").json()
    assert (again["state"], again["attempt"], again["revision"], again["languages"][0]["error"]) == (
        "queued", 3, 3, None,
    )  # fmt: skip
    assert list_files(alice, job_id, all_revisions=True) == [
        ("es/dub.m4a", 1), ("fr/dub.m4a", 1), ("manifest.json", 1),
    ]  # fmt: skip


def test_an_edit_that_was_cancelled_leaves_the_files_of_before(desk: Desk, alice: httpx.Client) -> None:
    job_id = deliver(desk, "es", "fr")
    patch(alice, job_id, text="Otra cosa.")
    job = alice.post(f"/jobs/{job_id}/cancel").raise_for_status().json()
    assert (job["state"], [each["state"] for each in job["languages"]]) == (
        "completed_with_issues", ["cancelled", "completed"],
    )  # fmt: skip
    assert [path for path, _ in list_files(alice, job_id)] == ["es/dub.m4a", "fr/dub.m4a", "manifest.json"]
    assert patch(alice, job_id, 2, text="Otra cosa.").json()["attempt"] == 3


def test_an_edit_waits_until_the_run_before_is_known_to_be_over(desk: Desk, alice: httpx.Client) -> None:
    job_id = deliver(desk, "es")
    with desk.database.transaction() as tx:
        tx.session.execute(update(DubbingJob).where(DubbingJob.id == job_id).values(ended_attempt=0))
    patch(alice, job_id, text="Otra cosa.")
    with desk.database.transaction() as tx:
        assert job_id not in {each.job.id for each in tx.launches.list_waiting(1_000)}
        tx.launches.mark_ended(job_id, 1)
        assert job_id in {each.job.id for each in tx.launches.list_waiting(1_000)}
        assert tx.session.scalar(select(DubbingJob.launched_attempt).where(DubbingJob.id == job_id)) == 1


def test_the_jobs_own_files_of_an_edit_that_failed_are_not_listed_by_the_next(desk: Desk, alice: httpx.Client) -> None:
    job_id = deliver(desk, "es")
    patch(alice, job_id, text="Otra cosa.")
    save(desk, job_id, None, "captions_srt", "source/captions.srt")
    with desk.database.transaction() as tx:
        tx.jobs.fail_language(job_id, "es", "finalizing", SynthesisError("Lost."))
    patch(alice, job_id, text="Otra cosa.")
    assert ("source/captions.srt", 2) not in list_files(alice, job_id, all_revisions=True)


def test_a_user_without_money_changes_no_line(desk: Desk, alice: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Empty:
        def hold_lines(self, *_: object) -> None:
            raise BudgetExceededError("There is nothing left to spend this month.")

    job_id = deliver(desk, "es")
    monkeypatch.setattr(desk.container, "budget", Empty())
    problem = patch(alice, job_id, text="Other words.")
    assert (problem.status_code, problem.json()["code"]) == (402, "budget_exceeded")
    assert list_files(alice, job_id) == [("es/dub.m4a", 1), ("manifest.json", 1)]
    assert alice.get(f"/jobs/{job_id}").json()["state"] == "completed"
