"""What finished dubs were measured to be, kept where the API reads it."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import update

from resources.database.connection import UnitOfWork
from resources.database.tables import LanguageTask


def record_quality(tx: UnitOfWork, job_id: uuid.UUID, language: str, quality: Mapping[str, Any]) -> None:
    """Keep what was measured of a language, in place of what an earlier attempt measured."""
    tx.session.execute(
        update(LanguageTask)
        .where(LanguageTask.job_id == job_id, LanguageTask.language == language)
        .values(quality=dict(quality))
    )
