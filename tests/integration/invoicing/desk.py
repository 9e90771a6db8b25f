"""What tests of invoices need: calls put straight into the ledger, and invoices written as files."""

import io
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from resources.database.connection import Database
from resources.database.tables import CallState, VendorCall
from resources.invoicing.reconciler import Reconciled, Reconciler, Wish
from tests.support.jobs import add_job

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MONTH = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))


def write_line(request_id: str, usd_micros: int, *, at: datetime = NOON, characters: int | str = 100) -> dict[str, Any]:
    return {
        "request_id": request_id,
        "model": "model",
        "characters": characters,
        "usd_micros": usd_micros,
        "at": at.isoformat(),
    }


def write_file(*lines: Mapping[str, Any], columns: Sequence[str] | None = None) -> io.BytesIO:
    names = columns or ("request_id", "model", "characters", "usd_micros", "at")
    rows = [",".join(names), *(",".join(str(line[name]) for name in names) for line in lines)]
    return io.BytesIO("\n".join(rows).encode() + b"\n")


@dataclass
class Books:
    """A vendor of its own with calls in the ledger, and the comparison of its invoices."""

    database: Database
    vendor: str
    job_id: uuid.UUID

    def add_call(
        self,
        request_id: str | None,
        usd_micros: int = 0,
        *,
        state: CallState = CallState.SETTLED,
        at: datetime = NOON,
        characters: int = 100,
    ) -> uuid.UUID:
        call = VendorCall(
            job_id=self.job_id,
            language="es",
            operation="synthesize",
            vendor=self.vendor,
            model="model",
            engine="engine",
            content_key=uuid.uuid4().hex,
            state=state.value,
            usage={"characters": characters},
            cost_usd_micros=usd_micros,
            estimated_usd_micros=9_999,
            vendor_request_id=request_id,
            started_at=at,
            settled_at=at + timedelta(seconds=30) if state is not CallState.STARTED else None,
        )
        with self.database.transaction() as tx:
            return tx.purchases.start_call(call)

    def doubt(self, request_id: str | None = None, **more: Any) -> uuid.UUID:
        return self.add_call(request_id, state=CallState.SPEND_UNKNOWN, **more)

    def get_call(self, call_id: uuid.UUID) -> VendorCall:
        with self.database.transaction() as tx:
            return tx.session.get_one(VendorCall, call_id)

    def reconcile(self, *lines: Mapping[str, Any], file: io.BytesIO | None = None, **wishes: Any) -> Reconciled:
        span = dict(zip(("from_at", "to_at"), MONTH, strict=True))
        wish = Wish(**{"vendor": self.vendor, "by": "test", **span, **wishes})
        return Reconciler(self.database).reconcile(file or write_file(*lines), wish)


def open_books(database: Database) -> Books:
    return Books(database, f"vendor-{uuid.uuid4().hex}", add_job(database))
