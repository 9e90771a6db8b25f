"""Dead letters as tables, for people at a terminal."""

from collections.abc import Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from api.dead_letters.schemas import LetterReply, PlanReply, ReplayReply
from cli.money import render_usd


def build_list(letters: Sequence[LetterReply]) -> Table:
    """Show a letter a line."""
    table = Table("letter", "failed last", "what", "stage", "error", "attempts", "spent", "state", box=box.SIMPLE_HEAD)
    for letter in letters:
        table.add_row(
            str(letter.id),
            f"{letter.last_at:%Y-%m-%d %H:%M:%S}",
            _name(letter),
            letter.stage,
            _name_error(letter),
            str(letter.attempts),
            render_usd(letter.spent_usd_micros),
            letter.state.value,
        )
    return table


def build_page(letter: LetterReply) -> Table:
    """Show all of a letter."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    rows = {
        "letter": letter.id,
        "job": letter.job_id,
        "what": _name(letter),
        "stage": letter.stage,
        "error": _name_error(letter),
        "sentence": letter.error.message,
        "vendor said": letter.vendor_words or "nothing that is kept",
        "attempts": letter.attempts,
        "state": letter.state.value + (f", attempt {letter.replay_attempt}" if letter.replay_attempt else ""),
        "first, last": f"{letter.first_at:%Y-%m-%d %H:%M:%S}, {letter.last_at:%Y-%m-%d %H:%M:%S}",
        "run": letter.run_id or "none",
        "spent": render_usd(letter.spent_usd_micros),
        **{f"given: {name}": value for name, value in sorted(letter.snapshot.items())},
    }
    for name, value in rows.items():
        table.add_row(name, escape(str(value)))
    return table


def build_outcomes(outcomes: Sequence[ReplayReply], *, dry_run: bool) -> Table:
    """Show what became of each letter, or what its replay would cost."""
    if dry_run:
        return _build_plans(outcomes)
    table = Table("letter", "attempt", "what became of it", box=box.SIMPLE_HEAD)
    for outcome in outcomes:
        became = "queued" if outcome.is_begun else "being replayed already"
        table.add_row(str(outcome.letter_id), str(outcome.attempt or ""), _describe_error(outcome) or became)
    return table


def _build_plans(outcomes: Sequence[ReplayReply]) -> Table:
    table = Table("letter", "would buy again", "about", "at most", box=box.SIMPLE_HEAD)
    for outcome in outcomes:
        plan = outcome.plan
        if plan is None:
            table.add_row(str(outcome.letter_id), _describe_error(outcome), "", "")
        else:
            sums = render_usd(plan.usd_micros), render_usd(plan.at_most_usd_micros)
            table.add_row(str(outcome.letter_id), "\n".join(_list_purchases(plan)), *sums)
    return table


def _list_purchases(plan: PlanReply) -> list[str]:
    lines = []
    for each in plan.purchases:
        of = f"{each.lines} lines" if each.lines else "the recording" if each.language is None else "the proof"
        price = render_usd(each.usd_micros) if each.usd_micros is not None else "no price, so it is not bought"
        lines.append(f"{each.operation} {of} {each.language or ''} at {each.vendor}: {price}".replace("  ", " "))
    return lines or ["nothing"]


def _describe_error(outcome: ReplayReply) -> str:
    return escape(f"{outcome.error.message} [{outcome.error.code}]") if outcome.error is not None else ""


def _name(letter: LetterReply) -> str:
    """Name what failed: the job, a language, or a line."""
    if letter.language is None:
        return f"job {letter.job_id} ({', '.join(letter.languages)})"
    line = f", line {letter.segment_number}" if letter.segment_number is not None else ""
    return f"{letter.language}{line} of {letter.job_id}"


def _name_error(letter: LetterReply) -> str:
    return f"{letter.error.code} ({letter.vendor})" if letter.vendor else letter.error.code
