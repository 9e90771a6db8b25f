"""Places in lists that are read page by page."""

import uuid
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Position:
    """A row's place in a list that is ordered by time and, within a moment, by id; rows added later do not move it."""

    at: datetime
    id: uuid.UUID
