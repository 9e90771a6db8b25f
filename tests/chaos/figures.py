"""What came out of a run of chaos, for people and for programs."""

import json
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from resources.container import Container
from resources.database.tables import CallState, LetterState
from tests.chaos.books import count_runs, count_states, list_calls, list_letters
from tests.chaos.recovery import Watch
from vendor_emulator.server import VendorEmulator


@dataclass
class Outcome:
    """What is not as it should be, the figures, and what the stack said."""

    findings: list[str]
    figures: dict[str, Any]
    log: str = ""


def count_figures(container: Container, emulator: VendorEmulator, watch: Watch) -> dict[str, Any]:
    """Count what the tables, the invoice and the watch have."""
    calls, took = list_calls(container.database), [each.took_s or 0.0 for each in watch.recoveries]
    letters = list_letters(container.database)
    return {
        "kills": len(watch.recoveries),
        "slowest recovery after a kill, s": max(took, default=0.0),
        "runs": count_runs(container.database_urls[1]),
        "letters replayed": sum(letter.state == LetterState.REPLAYED for letter in letters),
        "calls": len(calls),
        "calls that failed": count_states(calls, CallState.FAILED),
        "calls in doubt (spend_unknown)": count_states(calls, CallState.SPEND_UNKNOWN),
        "lines of the invoice": len(emulator.list_invoice()),
        "spent, micro-dollars": sum(call.cost_usd_micros for call in calls),
    }


def render_json(seed: int, outcome: Outcome) -> str:
    """Write the figures and the findings for a program."""
    return json.dumps({"seed": seed, **outcome.figures, "findings": outcome.findings}, indent=2, ensure_ascii=False)


def show(console: Console, seed: int, outcome: Outcome) -> None:
    """Print the figures as a table, and what is not as it should be."""
    table = Table(title=f"Chaos, seed {seed}", show_header=False)
    for name, figure in outcome.figures.items():
        shown = "\n".join(f"{n} {what}" for what, n in figure.items()) if isinstance(figure, dict) else str(figure)
        table.add_row(name, shown)
    console.print(table)
    for finding in outcome.findings:
        console.print(f"- {finding}", markup=False, soft_wrap=True)
