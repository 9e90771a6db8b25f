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
from cli.money import render_price, render_usd
from dubbing.alerting import measure_left
from dubbing.circuits import Circuit
from dubbing.usage import Price
from resources.container import Container
from resources.database.connection import Database
from resources.database.money_tables import VendorQuota
from resources.database.prices import PriceSet
from resources.settings import Settings, load_settings
from resources.vendors.aura_voices import AURA
from resources.vendors.building import list_call_limits
from resources.vendors.deepgram_recognizer import MODEL
from resources.vendors.elevenlabs_languages import FLASH
from resources.vendors.quotas import USD_MICROS


@dataclass(frozen=True, slots=True)
class QuotaLine:
    """What is left of our account at a vendor, as it last said; times are ISO 8601.

    Attributes:
        percent_left: None where it is not known of how much.
    """

    unit: str
    units_left: int
    units_total: int | None
    percent_left: int | None
    resets_at: str | None
    asked_at: str


@dataclass(frozen=True, slots=True)
class VendorLine:
    """One model of a vendor, and what it does for us.

    Attributes:
        is_chosen: the settings let it work.
        max_calls: at once, over all machines.
        prices: by unit; empty where the database has none, and then nothing is bought.
        priced_since: the day from which on it counts.
        circuit: whether calls are let through.
        quota: what is left; None where the vendor was never asked, or does not tell.
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
    quota: QuotaLine | None


def run_vendors(*, as_json: bool) -> int:
    """Print a table for each vendor, or everything as JSON."""
    with Container(load_settings()) as container:
        lines = list_vendors(container.settings, container.database, datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps([asdict(line) for line in lines], indent=2))
        return 0
    console, now = Console(), datetime.now(UTC)
    for needs in VENDORS:
        console.print(_build_table(needs.name, [line for line in lines if line.vendor == needs.vendor], now))
    return 0


def _build_table(name: str, lines: Sequence[VendorLine], now: datetime) -> Table:
    key = "key set" if lines[0].has_key else "no key"
    quota = f"\n{describe_quota(known, now)}" if (known := lines[0].quota) is not None else ""
    table = Table(
        "model",
        "chosen",
        "calls at once",
        "price",
        title=f"{name}: {key}, circuit {lines[0].circuit}{quota}",
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
        quotas = {vendor: _build_quota(row) for vendor, row in tx.quotas.list_all().items()}
    return [
        _build_line(
            needs,
            operation,
            model,
            settings,
            prices.get((needs.vendor, model)),
            circuits,
            quotas.get(needs.vendor),
            now,
        )
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


def describe_quota(quota: QuotaLine, now: datetime) -> str:
    """Say what is left, and how old that is.

    >>> quota = QuotaLine("characters", 70_000, 100_000, 70, "2026-12-01T00:00:00+00:00", "2026-11-01T10:00:00+00:00")
    >>> describe_quota(quota, datetime(2026, 11, 1, 10, 3, tzinfo=UTC))
    'left 3 minutes ago: 70,000 of 100,000 characters (70 %), renewed 2026-12-01'
    """
    in_dollars = quota.unit == USD_MICROS
    left, total = (
        "" if units is None else render_usd(units) if in_dollars else f"{units:,}"
        for units in (quota.units_left, quota.units_total)
    )
    minutes = max(0, int((now - datetime.fromisoformat(quota.asked_at)).total_seconds()) // 60)
    parts = [f"left {minutes:,} minutes ago: {left}"]
    parts += [f"of {total}"] if total else []
    parts += [] if in_dollars else [quota.unit]
    parts += [f"({quota.percent_left} %)"] if quota.percent_left is not None else []
    renewed = f", renewed {datetime.fromisoformat(quota.resets_at):%Y-%m-%d}" if quota.resets_at else ""
    return " ".join(parts) + renewed


def _build_quota(row: VendorQuota) -> QuotaLine:
    return QuotaLine(
        unit=row.unit,
        units_left=row.units_left,
        units_total=row.units_total,
        percent_left=measure_left(row.units_left, row.units_total) if row.units_total is not None else None,
        resets_at=row.resets_at.astimezone(UTC).isoformat() if row.resets_at is not None else None,
        asked_at=row.asked_at.astimezone(UTC).isoformat(),
    )


def _build_line(
    needs: VendorNeeds,
    operation: str,
    model: str,
    settings: Settings,
    price: PriceSet | None,
    circuits: Mapping[str, Circuit],
    quota: QuotaLine | None,
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
        quota=quota,
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
