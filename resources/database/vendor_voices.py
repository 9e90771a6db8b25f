"""The voices that vendors offer, as they last listed them."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from resources.database.tables import VendorVoiceList


class VendorVoices:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, vendor: str) -> tuple[datetime, list[dict[str, Any]]] | None:
        """Find a vendor's list and when it was fetched."""
        statement = select(VendorVoiceList.fetched_at, VendorVoiceList.voices).where(VendorVoiceList.vendor == vendor)
        row = self._session.execute(statement).one_or_none()
        return None if row is None else (row.fetched_at, row.voices)

    def record(self, vendor: str, voices: list[dict[str, Any]]) -> None:
        """Put a list that was just fetched in the place of the one before."""
        statement = insert(VendorVoiceList).values(vendor=vendor, voices=voices, fetched_at=func.clock_timestamp())
        self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[VendorVoiceList.vendor],
                set_={"voices": statement.excluded.voices, "fetched_at": statement.excluded.fetched_at},
            )
        )
