"""How fast voices speak, as all jobs learned it together."""

from collections.abc import Mapping

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dubbing.speaking_rates import Lesson, learn
from dubbing.translation_budget import find_cps
from resources.database.tables import SpeakingRate


class SpeakingRates:
    """Repository over one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list_rates(self, language: str) -> Mapping[str, float]:
        """Return characters per second by voice, of those that were heard in a language."""
        statement = select(SpeakingRate.voice, SpeakingRate.characters_per_second)
        rows = self._session.execute(statement.where(SpeakingRate.language == language))
        return {row.voice: row.characters_per_second for row in rows}

    def record_lessons(self, language: str, lessons: Mapping[str, Lesson]) -> None:
        """Take what the voices taught into what is known; lessons of others at the same time are not lost."""
        for voice in sorted(lessons):  # in one order for all: nobody waits for somebody who waits for them
            self._learn(language, voice, lessons[voice])

    def _learn(self, language: str, voice: str, lesson: Lesson) -> None:
        """A row is made with the seed first, so that there is one to lock."""
        row = insert(SpeakingRate).values(
            language=language, voice=voice, characters_per_second=find_cps(language), takes=0
        )
        self._session.execute(row.on_conflict_do_nothing())
        is_it = (SpeakingRate.language == language, SpeakingRate.voice == voice)
        known = self._session.execute(
            select(SpeakingRate.characters_per_second, SpeakingRate.takes).where(*is_it).with_for_update()
        ).one()
        self._session.execute(
            update(SpeakingRate)
            .where(*is_it)
            .values(
                characters_per_second=learn(known.characters_per_second, lesson, language),
                takes=known.takes + lesson.takes,
            )
        )
