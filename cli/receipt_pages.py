"""What the commands on receipts do: ask the database, and print what it says."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from api.receipts.replies import build_pending_reply, build_receipt_reply
from api.receipts.schemas import ReceiptReply
from dubbing.errors import NotFoundError
from resources.container import Container
from resources.database.connection import UnitOfWork
from resources.database.deletion_views import find_pending_erasure
from resources.settings import load_settings

ALL_OF_A_USER = "all of a user's"
LIST_WIDTH = 120

NO_SUCH_RECEIPT = "There is no such receipt."
NO_RECEIPT_OF_JOB = "There is no receipt of this job; it was not erased, and nobody asked for it."


def run_list(user_id: uuid.UUID | None, *, limit: int, as_json: bool) -> int:
    """Print receipts."""
    with Container(load_settings()) as container, container.database.transaction() as tx:
        found = (
            tx.receipts.list_newest(limit=limit) if user_id is None else tx.receipts.list_of_user(user_id, limit=limit)
        )
        receipts = [build_receipt_reply(receipt) for receipt in found]
    if as_json:
        typer.echo(json.dumps([receipt.model_dump(mode="json") for receipt in receipts], indent=2))
    else:
        # Ids are there to be copied: on a narrow screen lines are broken, not cut.
        console = Console(width=max(Console().width, LIST_WIDTH))
        console.print(_build_list(receipts) if receipts else NO_SUCH_RECEIPT)
    return 0


def run_show(receipt_id: uuid.UUID, *, as_json: bool) -> int:
    """Print a receipt, or that what it will be of is under way.

    Raises:
        NotFoundError: there is none.
    """
    with Container(load_settings()) as container, container.database.transaction() as tx:
        receipt = _find(tx, receipt_id)
    if receipt is None:
        raise NotFoundError(NO_SUCH_RECEIPT)
    return print_receipt(receipt, as_json=as_json)


def run_for_job(job_id: uuid.UUID, *, as_json: bool) -> int:
    """Print the receipt of a job.

    Raises:
        NotFoundError: there is none.
    """
    with Container(load_settings()) as container, container.database.transaction() as tx:
        made = tx.receipts.find_of_job(job_id)
        receipt = build_receipt_reply(made) if made is not None else _find_pending(tx, job_id=job_id)
    if receipt is None:
        raise NotFoundError(NO_RECEIPT_OF_JOB)
    return print_receipt(receipt, as_json=as_json)


def print_receipt(receipt: ReceiptReply, *, as_json: bool) -> int:
    """Print a receipt."""
    if as_json:
        typer.echo(receipt.model_dump_json(indent=2))
    else:
        Console().print(_build_page(receipt))
    return 0


def _find(tx: UnitOfWork, receipt_id: uuid.UUID) -> ReceiptReply | None:
    made = tx.receipts.find(receipt_id)
    return build_receipt_reply(made) if made is not None else _find_pending(tx, receipt_id=receipt_id)


def _find_pending(tx: UnitOfWork, **wanted: uuid.UUID) -> ReceiptReply | None:
    pending = find_pending_erasure(tx, **wanted)
    return build_pending_reply(pending) if pending is not None else None


def _build_list(receipts: Sequence[ReceiptReply]) -> Table:
    table = Table(Column("receipt", min_width=36), "erased", Column("job", min_width=36), box=box.SIMPLE_HEAD)
    table.add_column("why")
    table.add_column("objects")
    for receipt in receipts:
        table.add_row(
            str(receipt.receipt_id),
            f"{receipt.erased_at:%Y-%m-%d %H:%M:%S}",
            str(receipt.job_id or ALL_OF_A_USER),
            receipt.cause.value,
            str((receipt.body or {}).get("objects", {}).get("removed", "")),
        )
    return table


def _build_page(receipt: ReceiptReply) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    erased = f"{receipt.erased_at:%Y-%m-%d %H:%M:%S} UTC" if receipt.erased_at is not None else "under way"
    rows = {
        "receipt": receipt.receipt_id,
        "state": receipt.state,
        "what": f"job {receipt.job_id}" if receipt.job_id is not None else ALL_OF_A_USER,
        "why, by": f"{receipt.cause.value}, {receipt.requested_by}",
        "requested": f"{receipt.requested_at:%Y-%m-%d %H:%M:%S} UTC",
        "erased": erased,
        **dict(_flatten("", receipt.body or {})),
    }
    for name, value in rows.items():
        table.add_row(escape(name), escape(str(value)))
    return table


def _flatten(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Give a line for each figure; of a long list only how long it is."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flatten(f"{path} {name}".lstrip(), inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if all(isinstance(each, Mapping) for each in value):
            for number, each in enumerate(value, start=1):
                yield from _flatten(f"{path} {number}", each)
        else:
            yield path, ", ".join(map(str, value)) if len(value) <= 3 else f"{len(value)}; see --json"
    else:
        yield path, value
