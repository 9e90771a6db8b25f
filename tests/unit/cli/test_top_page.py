"""The page of `dubline top`, as it looks."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rich.text import Text

from cli.top_page import ALARM, WARNING, Frame, Money, render_page
from dubbing.circuits import Circuit
from dubbing.jobs import LanguageState, WaitingOn
from resources.database.live_readings import (
    Doubt,
    JobAtWork,
    LanguageAtWork,
    OpenAlerts,
    OpenLetters,
    RunStatus,
    SlotUse,
    Spending,
    Traffic,
)

NOW = datetime(2026, 11, 23, 20, 24, 43, tzinfo=UTC)
MINUTE_MS = 60_000


def make_job(number: int) -> JobAtWork:
    return JobAtWork(
        uuid.UUID(int=number << 96),
        number * 3 * MINUTE_MS,
        (
            LanguageAtWork("es", LanguageState.SYNTHESIZING, 53, None, 1200),
            LanguageAtWork("pt-BR", LanguageState.SYNTHESIZING, 31, WaitingOn.RATE_LIMIT, 70_000),
            LanguageAtWork("zh-Hant-TW", LanguageState.COMPLETED_WITH_ISSUES, 100, None, 92_000),
        ),
    )


QUIET = Frame(
    at=NOW,
    version="1.2.3",
    place="127.0.0.1:5432/dubline",
    daemon_silence_ms=1200,
    runs=dict.fromkeys(RunStatus, 0),
    longest_wait_ms=None,
    stages={},
    waiting={},
    slots=[SlotUse("openai", "translate", 0, 32)],
    circuits={},
    traffic=[],
    money=Money(Spending(0, 0, 0), 0, 0, None, 0),
    doubts={},
    alerts=[OpenAlerts("budget nearly used", "budget_used", 0)],
    letters=[],
    jobs_at_work=0,
    jobs=[],
)

BUSY = replace(
    QUIET,
    runs={RunStatus.DUE: 3, RunStatus.QUEUED: 9, RunStatus.STARTED: 40, RunStatus.ENDING: 1},
    longest_wait_ms=192_000,
    stages={LanguageState.SYNTHESIZING: 80, LanguageState.MIXING: 0, LanguageState.FINALIZING: 1},
    waiting={WaitingOn.QUEUE: 0, WaitingOn.RATE_LIMIT: 40},
    slots=[
        SlotUse("deepgram", "recognize", 3, 100),
        SlotUse("deepgram", "synthesize", 15, 15),
        SlotUse("openai", "translate", 0, 32),
        SlotUse("elevenlabs", "synthesize", 0, 10),
    ],
    circuits={"openai": Circuit(failures=2), "elevenlabs": Circuit(5, 1, NOW + timedelta(seconds=17))},
    traffic=[
        Traffic("deepgram", "recognize", 62, 0, 1210),
        Traffic("elevenlabs", "synthesize", 10, 5, 30_120),
        Traffic("local", "translate", 4, 0, 9),
    ],
    money=Money(Spending(12_000, 912_000, 12_100_000), 83_100_000, 2_100_000, 100_000_000, 8_120_000),
    doubts={"elevenlabs": Doubt(3, 120_000)},
    alerts=[OpenAlerts("budget nearly used", "budget_used", 2), OpenAlerts("spending fast", "spend_rate", 0)],
    letters=[OpenLetters("synthesizing", "vendor_auth", 3), OpenLetters("mixing", "media_failed", 1)],
    jobs_at_work=40,
    jobs=[make_job(number) for number in range(1, 8)],
)

BUSY_PAGE = """\
Dubline 1.2.3  20:24:43 UTC  daemon alive  127.0.0.1:5432/dubline
queue   12 waiting, the oldest for 3 m 12 s · 40 at work
stages  synthesizing 80 · finalizing 1
waits   40 for rate limit
spent   minute $0.0120 · hour $0.9120 · today $12.10 · saved so far $8.12
month   $83.10 and $2.10 held of $100.00 █████████░ 85%
doubts  3 calls, $0.1200 at most: elevenlabs 3
alerts  2 open: budget nearly used 2
letters 4 open: synthesizing vendor_auth 3, mixing media_failed 1

calls                  slots             a minute     p95 errors  circuit
deepgram recognize     █░░░░░░░░░ 3/100      12.4   1.2 s   0.0%  closed
deepgram synthesize    ██████████ 15/15         –       –      –  closed
openai translate       ░░░░░░░░░░ 0/32          –       –      –  2 failures
elevenlabs synthesize  ░░░░░░░░░░ 0/10        2.0  30.1 s  50.0%  open 17 s
local translate                               0.8    9 ms   0.0%

job          since language   stage         progress      waits for  heartbeat
00000001  3 m 00 s es         synthesizing  ████░░░░  53%                  1 s
                   pt-BR      synthesizing  ██░░░░░░  31% rate limit  1 m 10 s
                   zh-Hant-TW with issues   ████████ 100%                    –
00000002  6 m 00 s es         synthesizing  ████░░░░  53%                  1 s
                   pt-BR      synthesizing  ██░░░░░░  31% rate limit  1 m 10 s
… 16 more languages and 33 more jobs"""

QUIET_PAGE = """\
Dubline 1.2.3  20:24:43 UTC  daemon alive  127.0.0.1:5432/dubline
queue   0 waiting · 0 at work
stages  nothing
spent   minute $0 · hour $0 · today $0 · saved so far $0
month   $0 and $0 held, no limit

calls                  slots             a minute     p95 errors  circuit
openai translate       ░░░░░░░░░░ 0/32          –       –      –  closed

No job is at work."""


def draw(lines: list[Text]) -> str:
    return "\n".join(line.plain for line in lines)


def find_styles(lines: list[Text], words: str) -> set[str]:
    """The styles of the words, wherever they stand."""
    return {str(span.style) for line in lines for span in line.spans if words in line.plain[span.start : span.end]} | {
        str(line.style) for line in lines if words in line.plain and line.style
    }


def test_a_busy_page_fits_a_terminal_of_80_by_24() -> None:
    assert draw(render_page(BUSY, width=80, height=24)) == BUSY_PAGE


def test_a_quiet_page_says_so() -> None:
    assert draw(render_page(QUIET, width=80, height=24)) == QUIET_PAGE


def test_a_larger_terminal_shows_more() -> None:
    page = draw(render_page(BUSY, width=120, height=60))
    assert page.startswith(BUSY_PAGE[: BUSY_PAGE.index("…")])
    assert page.endswith("… 33 more jobs")
    assert page.count("zh-Hant-TW") == 7


def test_without_a_height_nothing_is_cut() -> None:
    assert draw(render_page(replace(BUSY, jobs_at_work=7), width=80)).count("zh-Hant-TW") == 7


def test_no_size_is_too_small() -> None:
    for width in (1, 10, 79):
        for height in range(1, 30):
            page = render_page(BUSY, width=width, height=height)
            assert len(page) <= height
            assert all(line.cell_len <= width for line in page)


def test_jobs_that_just_fit_are_not_cut() -> None:
    frame = replace(BUSY, jobs=BUSY.jobs[:2], jobs_at_work=2)
    whole = render_page(frame, width=80)
    assert draw(render_page(frame, width=80, height=len(whole))) == draw(whole)
    assert "… 2 more languages" in draw(render_page(frame, width=80, height=len(whole) - 1))


def test_old_heartbeats_open_circuits_and_full_budgets_stand_out() -> None:
    page = render_page(BUSY, width=80)
    assert find_styles(page, "1 m 10 s") == find_styles(page, "open 17 s") == {ALARM}
    assert find_styles(page, "85%") == find_styles(page, "rate limit ") == {WARNING}
    over = render_page(replace(BUSY, money=replace(BUSY.money, spent_usd_micros=98_000_000)), width=80)
    assert find_styles(over, "100%  ") == set()
    assert ALARM in find_styles(over, "█ 100%")


def test_a_daemon_that_is_silent_or_gone_stands_out() -> None:
    for silence_ms, said in ((95_000, "daemon silent 1 m 35 s"), (None, "no daemon")):
        page = render_page(replace(QUIET, daemon_silence_ms=silence_ms), width=80)
        assert find_styles(page, said) == {ALARM}


def test_a_database_that_is_away_is_named_above_what_was_seen_last() -> None:
    page = draw(render_page(BUSY, width=80, height=24, away_since=NOW)).splitlines()
    assert page[0] == "database away since 20:24:43 UTC; trying again"
    assert page[1:] == BUSY_PAGE.splitlines()[1:]
    assert len(render_page(None, width=80, height=24, away_since=NOW)) == 1
