"""`dubline vendors`: what the settings and the database say of each vendor, now."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from cli.engines import VENDORS, VendorNeeds
from cli.money import render_price
from dubbing.circuits import Circuit
from dubbing.usage import Price
from resources.container import Container
from resources.database.connection import Database
from resources.database.prices import PriceSet
from resources.settings import Settings, load_settings
from resources.vendors.aura_voices import AURA
from resources.vendors.building import list_call_limits
from resources.vendors.deepgram_recognizer import MODEL
from resources.vendors.elevenlabs_languages import FLASH


@dataclass(frozen=True, slots=True)
class VendorLine:
    """One model of a vendor, and what it does for us.

    Attributes:
        is_chosen: the settings let it work.
        max_calls: at once, over all machines.
        prices: by unit; empty where the database has none, and then nothing is bought.
        priced_since: the day from which on it counts.
        circuit: whether calls are let through.
    """

    vendor: str
    operation: str
    model: str
    is_chosen: bool
    has_key: bool
    max_calls: int
    prices: Mapping[str, Price]
    priced_since: str | None
    circuit: str


def run_vendors(*, as_json: bool) -> int:
    """Print a table for each vendor, or everything as JSON."""
    with Container(load_settings()) as container:
        lines = list_vendors(container.settings, container.database, datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps([asdict(line) for line in lines], indent=2))
        return 0
    console = Console()
    for needs in VENDORS:
        console.print(_build_table(needs.name, [line for line in lines if line.vendor == needs.vendor]))
    return 0


def _build_table(name: str, lines: Sequence[VendorLine]) -> Table:
    key = "key set" if lines[0].has_key else "no key"
    table = Table(
        "model",
        "chosen",
        "calls at once",
        "price",
        title=f"{name}: {key}, circuit {lines[0].circuit}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
    )
    for line in lines:
        price = [render_price(unit, one) for unit, one in sorted(line.prices.items())]
        price.append(f"since {line.priced_since}" if price else "none, so it is not bought")
        chosen = "yes" if line.is_chosen else "no"
        table.add_row(f"{line.model}\n({line.operation})", chosen, str(line.max_calls), "\n".join(price))
    return table


def list_vendors(settings: Settings, database: Database, now: datetime) -> list[VendorLine]:
    """Say of each model that the settings can put to work how it stands; keys themselves are not told."""
    with database.transaction() as tx:
        prices, circuits = tx.prices.list_current(), tx.circuits.list_all()
    return [
        _build_line(needs, operation, model, settings, prices.get((needs.vendor, model)), circuits, now)
        for needs in VENDORS
        for operation in needs.uses
        for model in _list_models(needs.vendor, operation, settings)
    ]


def describe_circuit(circuit: Circuit, now: datetime) -> str:
    """Say whether calls to a vendor are let through.

    >>> describe_circuit(Circuit(failures=2), datetime.now(UTC))
    'closed, failures in a row: 2'
    """
    if circuit.open_until is None:
        return "closed" if not circuit.failures else f"closed, failures in a row: {circuit.failures}"
    if circuit.open_until <= now:
        return "open, the next call tries"
    until = f"{circuit.open_until.astimezone(UTC):%H:%M:%S} UTC"
    return f"open, one call tries until {until}" if circuit.is_trial else f"open until {until}"


def _build_line(
    needs: VendorNeeds,
    operation: str,
    model: str,
    settings: Settings,
    price: PriceSet | None,
    circuits: Mapping[str, Circuit],
    now: datetime,
) -> VendorLine:
    return VendorLine(
        vendor=needs.vendor,
        operation=operation,
        model=model,
        is_chosen=needs.is_chosen(settings, operation),
        has_key=needs.has_key(settings),
        max_calls=list_call_limits(settings)[needs.vendor, operation],
        prices=dict(price.prices) if price else {},
        priced_since=price.effective_from.astimezone(UTC).date().isoformat() if price else None,
        circuit=describe_circuit(circuits.get(needs.vendor, Circuit()), now),
    )


def _list_models(vendor: str, operation: str, settings: Settings) -> Iterator[str]:
    """List the models that a vendor may be asked for with these settings, by the names that they are priced by."""
    if vendor == "openai":
        yield settings.openai_model
    elif vendor == "elevenlabs":
        # Flash reads the languages that the other model lacks.
        yield from dict.fromkeys((settings.elevenlabs_model, FLASH))
    else:
        yield MODEL if operation == "recognize" else AURA
