"""Each check finds what it is there for, and nothing else."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from resources.database.tables import CallState, DeadLetter, VendorCall
from tests.chaos.books import File, JobFiles
from tests.chaos.verdict import (
    check_bought_once,
    check_delivered,
    check_ended,
    check_files,
    check_ledger,
    check_letters,
    check_nothing_left,
    collect,
)
from vendor_emulator.invoice import InvoiceLine

JOB = uuid.UUID(int=7)
DUB = File(10, "ab")


def make_job(**states: str) -> dict[str, Any]:
    languages = [
        {"language": language, "state": state, "progress": 50, "waiting_on": None, "error": None}
        for language, state in states.items()
    ]
    return {"id": str(JOB), "state": "completed", "finished_at": "2026-11-01T00:00:00Z", "languages": languages}


def make_call(state: CallState = CallState.SETTLED, **chosen: Any) -> VendorCall:
    known = {"cost_usd_micros": 5, "vendor_request_id": "r1"} if state is CallState.SETTLED else {"cost_usd_micros": 0}
    given = {"vendor": "openai", "operation": "translate", "content_key": "k1", "job_id": JOB} | known | chosen
    return VendorCall(id=uuid.uuid4(), state=state.value, **given)


def make_line(request_id: str = "r1", usd_micros: int = 5) -> InvoiceLine:
    return InvoiceLine(request_id, "openai", "translate", "gpt-6-luna", {}, {}, usd_micros, None, datetime.now(UTC))


def make_files(**changed: Any) -> JobFiles:
    """The files of a job with one delivered language, all as they should be."""
    listed = ((None, "manifest", "manifest.json"), ("es", "dub", "es/dub.m4a"))
    described = {"manifest.json": File(3, "cd"), "es/dub.m4a": DUB}
    given: dict[str, Any] = {
        "listed": listed, "described": described, "promised": {"es/dub.m4a": DUB}, "received": dict(described),
    }  # fmt: skip
    return JobFiles(str(JOB), **given | changed)


def test_a_job_that_has_not_ended_is_found() -> None:
    job = make_job(es="mixing") | {"finished_at": None}
    assert check_ended([make_job(es="completed")], 1, 60) == []
    assert len(check_ended([job], 1, 60)) == 1


def test_a_job_that_is_not_there_is_found() -> None:
    assert check_ended([], 1, 60) == ["1 of 1 jobs are not there"]


@pytest.mark.parametrize("language", ["es", None])
def test_a_failed_language_needs_a_letter_of_its_own_or_of_its_job(language: str | None) -> None:
    letter = DeadLetter(job_id=JOB, language=language, state="open")
    assert check_letters([make_job(es="failed", de="completed")], [letter]) == []
    assert len(check_letters([make_job(es="failed")], [])) == 1


def test_a_letter_of_another_language_or_one_that_was_closed_does_not_count() -> None:
    letters = [
        DeadLetter(job_id=JOB, language="de", state="open"),
        DeadLetter(job_id=JOB, language="es", state="replayed"),
    ]
    assert len(check_letters([make_job(es="failed")], letters)) == 1


def test_a_language_that_is_not_delivered_is_found() -> None:
    assert check_delivered([make_job(es="completed_with_issues")]) == []
    assert len(check_delivered([make_job(es="completed", de="failed")])) == 1


def test_a_ledger_that_is_the_invoice_is_fine() -> None:
    assert check_ledger([make_call(), make_call(CallState.FAILED)], [make_line(), make_line("free", 0)]) == []


@pytest.mark.parametrize(
    ("calls", "invoice"),
    [
        ([make_call()], []),
        ([], [make_line()]),
        ([make_call()], [make_line(usd_micros=6)]),
        ([make_call(), make_call(content_key="k2")], [make_line()]),
        ([make_call(vendor_request_id=None)], []),
        ([make_call(CallState.STARTED)], []),
        ([make_call(CallState.SPEND_UNKNOWN)], [make_line("r1"), make_line("r2")]),
        ([make_call(CallState.SPEND_UNKNOWN, vendor="deepgram")], [make_line()]),
    ],
    ids=[
        "not billed",
        "not in the ledger",
        "other sum",
        "billed once",
        "no request",
        "open",
        "too many",
        "other vendor",
    ],
)
def test_a_ledger_that_is_not_the_invoice_is_found(calls: list[VendorCall], invoice: list[InvoiceLine]) -> None:
    assert check_ledger(calls, invoice) != []


def test_a_call_in_doubt_may_be_on_the_invoice_or_not() -> None:
    doubtful = make_call(CallState.SPEND_UNKNOWN)
    assert check_ledger([doubtful], [make_line()]) == []
    assert check_ledger([doubtful], []) == []


def test_what_is_bought_twice_is_found() -> None:
    assert len(check_bought_once([make_call(), make_call()])) == 1


def test_an_answer_of_no_use_and_a_call_in_doubt_may_be_bought_again() -> None:
    useless, doubtful = make_call(error_code="vendor_reply"), make_call(CallState.SPEND_UNKNOWN)
    assert check_bought_once([make_call(), useless, doubtful, make_call(content_key="k2")]) == []


def test_files_that_are_what_they_are_said_to_be_are_fine() -> None:
    assert check_files(make_job(es="completed", de="failed"), make_files()) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"listed": ((None, "manifest", "manifest.json"), *[("es", "dub", "es/dub.m4a")] * 2)},
        {"listed": ((None, "manifest", "manifest.json"),)},
        {"received": {"manifest.json": File(3, "cd")}},
        {"received": {"manifest.json": File(3, "cd"), "es/dub.m4a": File(9, "ab")}},
        {"promised": {"es/dub.m4a": File(10, "ff")}},
        {"promised": {"es/dub.m4a": DUB, "es/captions.srt": DUB}},
    ],
    ids=["twice", "no dub", "did not come", "cut off", "other bytes", "not on offer"],
)
def test_a_file_that_is_not_as_promised_is_found(changed: dict[str, Any]) -> None:
    assert check_files(make_job(es="completed"), make_files(**changed)) != []


def test_what_is_left_is_named() -> None:
    assert check_nothing_left("orphans", []) == []
    assert check_nothing_left("orphans", ["12 a run"]) == ["1 orphans left: 12 a run"]


def test_a_check_that_breaks_does_not_hide_the_others() -> None:
    def breaks() -> list[str]:
        raise ValueError("no such thing")

    assert collect(breaks, lambda: ["found"]) == ["a check broke: ValueError: no such thing", "found"]
