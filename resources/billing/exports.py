"""The lines of a bill as files in the store: Parquet for programs, CSV for spreadsheets."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dubbing.billing import guard_cell
from resources.packages import require_package
from resources.storage.port import ObjectStore

TEXTS = ("user_id", "job_id", "language", "vendor", "model", "operation", "usage")
COUNTS = ("calls", "failed_calls", "doubtful_calls")
SUMS = ("cost_usd_micros", "charged_usd_micros", "lost_usd_micros", "doubtful_usd_micros")
COLUMNS = ("day", *TEXTS, *COUNTS, *SUMS)
"""Of both files; `usage` is JSON by unit, an empty `language` means all of the job's."""


@dataclass(frozen=True, slots=True)
class Exports:
    """Where a bill is in the store."""

    parquet_key: str
    csv_key: str


def require_tools() -> None:
    """Stop at once where files of bills cannot be written.

    Raises:
        ToolMissingError: the extra is not installed.
    """
    for package in ("pandas", "pyarrow"):
        require_package(package, "billing", "The export of bills")


def export_bill(store: ObjectStore, day: date, lines: Sequence[Any]) -> Exports:
    """Write the lines of a bill into the store, in place of what was there.

    Raises:
        ToolMissingError: the extra is not installed.
        StorageError, DiskFullError: they are not stored.
    """
    require_tools()
    exports = Exports(f"billing/{day}.parquet", f"billing/{day}.csv")
    frame = _build_frame(lines)
    with tempfile.TemporaryDirectory(prefix="dubline-bill-") as folder:
        parquet, csv = Path(folder) / "bill.parquet", Path(folder) / "bill.csv"
        frame.to_parquet(parquet, engine="pyarrow", index=False)
        for name in TEXTS:
            frame[name] = frame[name].map(guard_cell, na_action="ignore")
        frame.to_csv(csv, index=False)
        store.put(exports.parquet_key, parquet, media_type="application/vnd.apache.parquet")
        store.put(exports.csv_key, csv, media_type="text/csv")
    return exports


def _build_frame(lines: Sequence[Any]) -> Any:
    import pandas as pd

    columns = {name: [_to_plain(getattr(line, name)) for line in lines] for name in COLUMNS}
    types = dict.fromkeys(TEXTS, "string") | dict.fromkeys((*COUNTS, *SUMS), "int64")
    return pd.DataFrame(columns).astype(types)


def _to_plain(value: Any) -> Any:
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    return value if value is None or isinstance(value, (int, date)) else str(value)
