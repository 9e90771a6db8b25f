"""What the emulator bills, held against a ledger."""

from datetime import UTC, datetime, timedelta
from typing import Any

from resources.database.connection import Database
from resources.invoicing.emulated import open_emulated_invoice
from resources.invoicing.reconciler import Reconciled, Reconciler, Wish
from resources.settings import Settings


def reconcile_emulated(database: Database, settings: Settings, vendor: str, **wishes: Any) -> Reconciled:
    """Compare all that the emulator billed for a vendor up to now, as `dubline reconcile VENDOR --emulator` does.

    Args:
        settings: with the emulator's address as the vendor's.
        wishes: what differs; see `Wish`.
    """
    now = datetime.now(UTC)
    span = {"from_at": now - timedelta(days=1), "to_at": now, "margin": timedelta()}
    wish = Wish(**{"vendor": vendor, "by": "test", **span, **wishes})
    with open_emulated_invoice(settings, vendor, wish.span) as file:
        return Reconciler(database).reconcile(file, wish)
