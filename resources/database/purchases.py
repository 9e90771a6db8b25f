"""The ledger of vendor calls, and what they bought: transcripts, translations, takes.

A call is written before it is made and settled after it; what it bought is found again by its content key.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dubbing.transcript import Transcript, Word
from resources.database.tables import CallState, Take, TranscriptRow, TranslationRow, VendorCall


class Purchases:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def start_call(self, call: VendorCall) -> uuid.UUID:
        """Write a call before it is made."""
        self._session.add(call)
        self._session.flush()
        return call.id

    def settle_call(self, call_id: uuid.UUID) -> None:
        """Close a call that was answered."""
        self._close_call(call_id, state=CallState.SETTLED.value)

    def fail_call(self, call_id: uuid.UUID, error_code: str) -> None:
        """Close a call that was refused or broke."""
        self._close_call(call_id, state=CallState.FAILED.value, error_code=error_code)

    def count_calls(self, job_id: uuid.UUID) -> Mapping[str, int]:
        """Count what a job bought, by operation, in the operation's units."""
        statement = (
            select(VendorCall.operation, func.count().label("calls"))
            .where(VendorCall.job_id == job_id, VendorCall.state == CallState.SETTLED.value)
            .group_by(VendorCall.operation)
        )
        return {row.operation: row.calls for row in self._session.execute(statement)}

    def sum_cost(self, job_id: uuid.UUID, language: str) -> int:
        """Sum what one language of a job cost, micro-dollars."""
        statement = select(func.coalesce(func.sum(VendorCall.cost_usd_micros), 0)).where(
            VendorCall.job_id == job_id, VendorCall.language == language
        )
        return int(self._session.scalar(statement) or 0)

    def find_transcript(self, content_key: str) -> Transcript | None:
        """Find a recognition bought before."""
        row = self._session.get(TranscriptRow, content_key)
        if row is None:
            return None
        return Transcript(row.language, row.duration_ms, tuple(Word(**word) for word in row.words))

    def record_transcript(self, content_key: str, transcript: Transcript) -> None:
        """Keep a recognition."""
        self._insert_once(
            TranscriptRow,
            content_key=content_key,
            language=transcript.language,
            duration_ms=transcript.duration_ms,
            words=[asdict(word) for word in transcript.words],
        )

    def find_translations(self, content_keys: Sequence[str]) -> Mapping[str, str]:
        """Find the translations bought before, by content key."""
        statement = select(TranslationRow.content_key, TranslationRow.text).where(
            TranslationRow.content_key.in_(content_keys)
        )
        return {row.content_key: row.text for row in self._session.execute(statement)}

    def record_translation(self, content_key: str, *, source: str, target: str, text: str) -> None:
        """Keep a translation."""
        self._insert_once(TranslationRow, content_key=content_key, source=source, target=target, text=text)

    def find_take(self, content_key: str) -> Take | None:
        """Find a reading bought before."""
        return self._session.get(Take, content_key)

    def get_takes(self, content_keys: Collection[str]) -> Mapping[str, Take]:
        """Return readings by content key."""
        rows = self._session.scalars(select(Take).where(Take.content_key.in_(content_keys)))
        return {take.content_key: take for take in rows}

    def record_take(self, take: Take) -> None:
        """Keep a reading."""
        columns = {column.key: getattr(take, column.key) for column in Take.__table__.columns}
        self._insert_once(Take, **{key: value for key, value in columns.items() if value is not None})

    def _insert_once(self, table: type[Any], **values: Any) -> None:
        """Insert unless another job bought the same in the meantime."""
        self._session.execute(insert(table).values(**values).on_conflict_do_nothing())

    def _close_call(self, call_id: uuid.UUID, **values: Any) -> None:
        self._session.execute(
            update(VendorCall).where(VendorCall.id == call_id).values(settled_at=func.clock_timestamp(), **values)
        )
