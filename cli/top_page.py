"""The page of `dubline top`: what it shows, and how that becomes lines. No clock, no terminal, no database."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rich.text import Text

from dubbing.circuits import Circuit
from dubbing.jobs import FINAL_LANGUAGE_STATES, LanguageState, WaitingOn
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

TRAFFIC_OVER = timedelta(minutes=5)
"""What calls a minute, latency and errors are taken from."""

QUIET_MS = 15_000
"""A heartbeat older than this is not what it should be, ms: work shows one every 5 s at least."""

SILENT_MS = 60_000
"""After this a heartbeat means trouble, ms."""

DAEMON_SILENT_MS = 30_000
"""After this Dagster's daemon is taken for gone, ms."""

BAR, SMALL_BAR = 10, 8
"""Cells of a bar."""

ID_CHARACTERS = 8

WARNING, ALARM, FAINT, HEADING = "yellow", "bold red", "dim", "bold"


@dataclass(frozen=True, slots=True)
class Money:
    """What is spent, and of this month's budget of the installation what is held and how much there is.

    Attributes:
        limit_usd_micros: None where there is no limit.
        saved_usd_micros: by what was found and not bought again, since ever.
    """

    lately: Spending
    spent_usd_micros: int
    held_usd_micros: int
    limit_usd_micros: int | None
    saved_usd_micros: int


@dataclass(frozen=True, slots=True)
class Frame:
    """What goes on at a moment.

    Attributes:
        place: which database, without who logs in.
        daemon_silence_ms: since the daemon's last sign of life; None where there is none.
        jobs_at_work: all of them; ``jobs`` may be fewer.
    """

    at: datetime
    version: str
    place: str
    daemon_silence_ms: int | None
    runs: Mapping[RunStatus, int]
    longest_wait_ms: int | None
    stages: Mapping[LanguageState, int]
    waiting: Mapping[WaitingOn, int]
    slots: Sequence[SlotUse]
    circuits: Mapping[str, Circuit]
    traffic: Sequence[Traffic]
    money: Money
    doubts: Mapping[str, Doubt]
    alerts: Sequence[OpenAlerts]
    letters: Sequence[OpenLetters]
    jobs_at_work: int
    jobs: Sequence[JobAtWork]


def render_page(
    frame: Frame | None, *, width: int, height: int | None = None, away_since: datetime | None = None
) -> list[Text]:
    """Turn a frame into lines that fit.

    Args:
        frame: the last one there was; None where there was none yet.
        height: most lines; None for as many as there are.
        away_since: when the database was last asked in vain for the first time; None while it answers.
    """
    lines = [_build_away(away_since)] if away_since is not None else []
    if frame is not None:
        lines += _build_head(frame) if away_since is None else []
        lines += [_build_queue(frame), *_build_stages(frame), *_build_money(frame), *_build_troubles(frame)]
        lines += [Text(), *_build_vendors(frame), Text()]
        lines += _build_jobs(frame, None if height is None else height - len(lines))
    for line in lines:
        line.rstrip()
        line.truncate(width, overflow="ellipsis")
    return lines if height is None else lines[:height]


def render_span(ms: int) -> str:
    """Write how long something takes or is ago, to two units.

    >>> render_span(900), render_span(192_000), render_span(3_900_000), render_span(266_400_000)
    ('0 s', '3 m 12 s', '1 h 05 m', '3 d 02 h')
    """
    seconds = ms // 1000
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} m {seconds % 60:02} s"
    if seconds < 86_400:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02} m"
    return f"{seconds // 86_400} d {seconds % 86_400 // 3600:02} h"


def render_sum(usd_micros: int) -> str:
    """Write a sum at a glance: cents, and below a dollar hundredths of them.

    >>> render_sum(12_345_678), render_sum(12_300), render_sum(0), render_sum(-2_000_000)
    ('$12.35', '$0.0123', '$0', '-$2.00')
    """
    if not usd_micros:
        return "$0"
    digits = 4 if abs(usd_micros) < 1_000_000 else 2
    return f"{'-' if usd_micros < 0 else ''}${abs(usd_micros) / 1_000_000:,.{digits}f}"


def render_bar(share: float, cells: int = BAR) -> str:
    """Draw a share, 0-1; what is not nothing is seen.

    >>> render_bar(0.01, 4), render_bar(0.5, 4), render_bar(1.2, 4), render_bar(0, 4)
    ('█░░░', '██░░', '████', '░░░░')
    """
    full = min(cells, max(round(share * cells), int(share > 0)))
    return "█" * full + "░" * (cells - full)


def _build_away(since: datetime) -> Text:
    return Text(f"database away since {since.astimezone(UTC):%H:%M:%S} UTC; trying again", style=ALARM)


def _build_head(frame: Frame) -> list[Text]:
    silence = frame.daemon_silence_ms
    is_alive = silence is not None and silence <= DAEMON_SILENT_MS
    daemon = "daemon alive" if is_alive else "no daemon" if silence is None else f"daemon silent {render_span(silence)}"
    return [
        Text.assemble(
            (f"Dubline {frame.version}", HEADING),
            f"  {frame.at.astimezone(UTC):%H:%M:%S} UTC  ",
            (daemon, "" if is_alive else ALARM),
            (f"  {frame.place}", FAINT),
        )
    ]


def _build_queue(frame: Frame) -> Text:
    runs = frame.runs
    wait = f", the oldest for {render_span(frame.longest_wait_ms)}" if frame.longest_wait_ms is not None else ""
    waiting = runs[RunStatus.DUE] + runs[RunStatus.QUEUED]
    return _label("queue", f"{waiting:,} waiting{wait} · {frame.jobs_at_work:,} at work")


def _build_stages(frame: Frame) -> Iterator[Text]:
    stages = [f"{state.value} {count:,}" for state, count in frame.stages.items() if count]
    yield _label("stages", " · ".join(stages) or "nothing")
    if waits := [f"{count:,} for {_name(on)}" for on, count in frame.waiting.items() if count]:
        yield _label("waits", " · ".join(waits), WARNING)


def _build_money(frame: Frame) -> Iterator[Text]:
    money, lately = frame.money, frame.money.lately
    yield _label(
        "spent",
        f"minute {render_sum(lately.minute_usd_micros)} · hour {render_sum(lately.hour_usd_micros)} · "
        f"today {render_sum(lately.today_usd_micros)} · saved so far {render_sum(money.saved_usd_micros)}",
    )
    used, limit = money.spent_usd_micros + money.held_usd_micros, money.limit_usd_micros
    line = _label("month", f"{render_sum(money.spent_usd_micros)} and {render_sum(money.held_usd_micros)} held")
    if limit is None:
        line.append(", no limit", style=FAINT)
    else:
        share = used / limit if limit else float(used > 0)
        style = ALARM if share >= 1 else WARNING if share >= 0.8 else ""
        line.append(f" of {render_sum(limit)} {render_bar(share)} {share:.0%}", style=style)
    yield line


def _build_troubles(frame: Frame) -> Iterator[Text]:
    """What somebody should look at; nothing where there is nothing."""
    if calls := sum(doubt.calls for doubt in frame.doubts.values()):
        most = render_sum(sum(doubt.usd_micros for doubt in frame.doubts.values()))
        of = ", ".join(f"{vendor} {doubt.calls:,}" for vendor, doubt in sorted(frame.doubts.items()))
        yield _label("doubts", f"{calls:,} calls, {most} at most: {of}", WARNING)
    if alerts := [each for each in frame.alerts if each.alerts]:
        named = ", ".join(f"{each.rule} {each.alerts:,}" for each in alerts)
        yield _label("alerts", f"{sum(each.alerts for each in alerts):,} open: {named}", ALARM)
    if frame.letters:
        named = ", ".join(f"{each.stage} {each.error_code} {each.letters:,}" for each in frame.letters)
        yield _label("letters", f"{sum(each.letters for each in frame.letters):,} open: {named}", WARNING)


def _build_vendors(frame: Frame) -> Iterator[Text]:
    slots = {(each.vendor, each.operation): each for each in frame.slots}
    traffic = {(each.vendor, each.operation): each for each in frame.traffic}
    heads = ("calls", "slots", "a minute", "p95", "errors", "circuit")
    yield Text(f"{heads[0]:22} {heads[1]:17} {heads[2]:>8} {heads[3]:>7} {heads[4]:>6}  {heads[5]}", style=HEADING)
    for vendor, operation in dict.fromkeys((*slots, *traffic)):
        yield Text.assemble(
            f"{vendor} {operation}"[:22].ljust(23),
            _build_slots(slots.get((vendor, operation))),
            *_build_traffic(traffic.get((vendor, operation))),
            _build_circuit(frame.circuits.get(vendor), frame.at) if (vendor, operation) in slots else "",
        )


def _build_slots(use: SlotUse | None) -> Text:
    if use is None:
        return Text(" " * 18)
    share = use.used / use.slots if use.slots else 0.0
    shown = f"{render_bar(share)} {use.used}/{use.slots}"
    return Text(shown.ljust(18), style=WARNING if share >= 1 else "" if use.used else FAINT)


def _build_traffic(traffic: Traffic | None) -> tuple[Text, ...]:
    if traffic is None or not traffic.calls:
        return (Text(f"{'–':>8} {'–':>7} {'–':>6}  ", style=FAINT),)
    a_minute = traffic.calls / (TRAFFIC_OVER / timedelta(minutes=1))
    latency = _say_latency(traffic.latency_p95_ms) if traffic.latency_p95_ms is not None else "–"
    errors = traffic.failed_calls / traffic.calls
    return (
        Text(f"{a_minute:>8,.1f} {latency:>7} "),
        Text(f"{errors:>6.1%}  ", style=ALARM if errors >= 0.2 else WARNING if errors else ""),
    )


def _say_latency(ms: int) -> str:
    return f"{ms} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def _build_circuit(circuit: Circuit | None, now: datetime) -> Text:
    if circuit is None or (circuit.open_until is None and not circuit.failures):
        return Text("closed", style=FAINT)
    if circuit.open_until is None:
        return Text(f"{circuit.failures:,} failures", style=WARNING)
    if circuit.open_until <= now:
        return Text("to be tried", style=WARNING)
    return Text("is tried" if circuit.is_trial else f"open {_say_left(circuit.open_until - now)}", style=ALARM)


def _say_left(span: timedelta) -> str:
    return render_span(span // timedelta(milliseconds=1))


def _build_jobs(frame: Frame, room: int | None) -> list[Text]:
    rows = [_build_language(job, place) for job in frame.jobs for place in range(len(job.languages))]
    if not rows:
        return [Text("No job is at work.", style=FAINT)]
    head = f"{'job':8} {'since':>9} {'language':10} {'stage':13} {'progress':13} {'waits for':10} {'heartbeat':>9}"
    unread = frame.jobs_at_work - len(frame.jobs)
    fits = len(rows) if room is None or 1 + len(rows) + (unread > 0) <= room else max(0, room - 2)
    left = [f"{len(rows) - fits:,} more languages"] if fits < len(rows) else []
    left += [f"{unread:,} more jobs"] if unread > 0 else []
    cut = [Text(f"… {' and '.join(left)}", style=FAINT)] if left else []
    return [Text(head, style=HEADING), *rows[:fits], *cut]


def _build_language(job: JobAtWork, place: int) -> Text:
    """The line of a language; what is of its job stands on the first one only."""
    task = job.languages[place]
    of_job = (str(job.job_id)[:ID_CHARACTERS], render_span(job.age_ms)) if not place else ("", "")
    stage = "with issues" if task.state is LanguageState.COMPLETED_WITH_ISSUES else task.state.value
    waits = _name(task.waiting_on) if task.waiting_on is not None else ""
    return Text.assemble(
        f"{of_job[0]:8} {of_job[1]:>9} {task.language[:10]:10} {stage:13} ",
        f"{render_bar(task.progress / 100, SMALL_BAR)} {task.progress:>3}% ",
        (f"{waits:10} ", WARNING),
        _build_heartbeat(task),
    )


def _build_heartbeat(task: LanguageAtWork) -> Text:
    if task.silence_ms is None or task.state in FINAL_LANGUAGE_STATES:
        return Text(f"{'–':>9}", style=FAINT)
    style = ALARM if task.silence_ms > SILENT_MS else WARNING if task.silence_ms > QUIET_MS else ""
    return Text(f"{render_span(task.silence_ms):>9}", style=style)


def _name(waiting_on: WaitingOn) -> str:
    return waiting_on.value.replace("_", " ")


def _label(name: str, said: str, style: str = "") -> Text:
    return Text.assemble((f"{name:8}", FAINT), (said, style))
