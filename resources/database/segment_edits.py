"""What somebody wants lines of a dub to be instead: kept here, made true by the next run."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from resources.database.tables import DubbedSegment, SegmentEdit


@dataclass(frozen=True, slots=True)
class Wish:
    """What a line is to be; what is not said is as the line makes it."""

    text: str | None = None
    voice: str | None = None
    keeps_original: bool = False


NOTHING = Wish()


class SegmentEdits:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list_edits(self, job_id: uuid.UUID, language: str) -> Mapping[int, SegmentEdit]:
        """Return the edits of a language, by the line's number."""
        statement = select(SegmentEdit).where(SegmentEdit.job_id == job_id, SegmentEdit.language == language)
        return {edit.number: edit for edit in self._session.scalars(statement.order_by(SegmentEdit.number))}

    def record(self, job_id: uuid.UUID, language: str, number: int, wish: Wish, revision: int) -> None:
        """Put what is wished of a line in the place of what was wished before.

        A line for which another voice is wished forgets who read it: that voice would be asked first again.
        """
        line = {"job_id": job_id, "language": language, "number": number}
        before = self._session.scalar(select(SegmentEdit.voice).filter_by(**line))
        if wish.voice != before:
            self._session.execute(update(DubbedSegment).filter_by(**line).values(voice=None))
        if wish == NOTHING:
            self._session.execute(delete(SegmentEdit).filter_by(**line))
            return
        values = {**asdict(wish), "revision": revision}
        row = insert(SegmentEdit).values(**line, **values)
        self._session.execute(
            row.on_conflict_do_update(index_elements=list(line), set_=values | {"edited_at": func.clock_timestamp()})
        )


def get_wish(edit: SegmentEdit | None) -> Wish:
    """Return what an edit asks for; nothing where there is none."""
    return Wish(edit.text, edit.voice, edit.keeps_original) if edit is not None else NOTHING
