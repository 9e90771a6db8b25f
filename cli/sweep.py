"""`dubline sweep`: erase now what is due, as the hourly sweep does."""

import json

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from cli.exit_codes import SWEEP_INCOMPLETE
from dubbing.errors import BusyError
from dubbing.retention import Kind
from resources.container import Container
from resources.retention.swept import Swept
from resources.settings import load_settings


def run_sweep(*, as_json: bool) -> int:
    """Erase what is due, and print how much it was; Dagster's records are left to the hourly sweep.

    Returns:
        0, or 5 where something is due all the same.

    Raises:
        BusyError: another sweep is going on.
    """
    with Container(load_settings()) as container:
        swept = container.eraser.sweep()
    if as_json:
        typer.echo(json.dumps(_describe(swept), indent=2))
    elif not swept.is_busy:
        _print(swept)
    if swept.is_busy:
        raise BusyError("Another sweep is going on; it erases what is due.")
    return SWEEP_INCOMPLETE if _is_incomplete(swept) else 0


def _is_incomplete(swept: Swept) -> bool:
    return bool(swept.broken_off or swept.refused or any(swept.overdue.values()))


def _describe(swept: Swept) -> dict[str, object]:
    return {
        "state": "busy" if swept.is_busy else "incomplete" if _is_incomplete(swept) else "done",
        "erased": {kind.value: swept.erased.get(kind, 0) for kind in Kind},
        "in_use": {kind.value: swept.in_use.get(kind, 0) for kind in Kind},
        "overdue": {kind.value: swept.overdue.get(kind, 0) for kind in Kind},
        "size_bytes": swept.size_bytes,
        "jobs": [str(job_id) for job_id in swept.jobs],
        "users": swept.users,
        "left_in_flight": swept.left_in_flight,
        "requested": swept.requested,
        "refused": dict(swept.refused),
        "missing": swept.missing,
        "missing_ids": list(swept.missing_ids),
        "broken_off": swept.broken_off,
    }


def _print(swept: Swept) -> None:
    table = Table("kind", "erased", "old, in use", "still due", box=box.SIMPLE_HEAD)
    for kind in Kind:
        table.add_row(kind.value, *(str(counts.get(kind, 0)) for counts in (swept.erased, swept.in_use, swept.overdue)))
    console = Console()
    console.print(table)
    console.print(f"{swept.size_bytes / 1e6:,.1f} MB, {len(swept.jobs)} jobs, {swept.users} users.")
    for line in _list_remarks(swept):
        console.print(line)


def _list_remarks(swept: Swept) -> list[str]:
    """Say what a person should look at."""
    remarks = []
    if swept.left_in_flight:
        remarks.append(f"{swept.left_in_flight} jobs are worked on, and were left.")
    if swept.requested:
        remarks.append(f"{swept.requested} jobs are to be erased as asked, and still are to come.")
    if swept.refused:
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(swept.refused.items()))
        remarks.append(f"The store kept objects: {reasons}. The next sweep tries again.")
    if swept.missing:
        remarks.append(f"{swept.missing} rows have no object in the store: {', '.join(swept.missing_ids)}")
    if swept.broken_off:
        remarks.append(f"The sweep broke off: {swept.broken_off}. What is done stays done; the next one goes on.")
    return remarks
