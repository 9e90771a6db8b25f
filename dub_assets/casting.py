"""Who speaks for whom in a language of a job: decided once, and kept for every later run."""

import uuid
from collections.abc import Mapping, Sequence

from dubbing.casting import plan_casting, plan_understudies
from dubbing.engines import Voice
from dubbing.languages import get_base
from resources.container import Container


class Company:
    """The voices of one language of a job.

    Args:
        speakers: in order of first appearance.
        overrides: voice name by speaker, as the customer chose.
    """

    def __init__(
        self,
        container: Container,
        job_id: uuid.UUID,
        language: str,
        speakers: Sequence[str],
        overrides: Mapping[str, str],
    ) -> None:
        self._container = container
        self._job_id = job_id
        self._language = language
        self._speakers = speakers
        self._voices = container.synthesizer.list_voices()
        self._vendors = container.synthesizer.list_vendors(language)
        with container.database.transaction() as tx:
            kept = tx.jobs.get_casting(job_id, language)
        offered = {voice.name for voice in self._voices if get_base(voice.language) == get_base(language)}
        wanted = {**overrides, **{speaker: name for speaker, name in kept.items() if name in offered}}
        self.cast = plan_casting(speakers, self._voices, language, wanted, vendors=self._vendors)
        self.understudies = self._find_understudies()
        self._keep(unless=kept)

    def recast(self) -> None:
        """Let the understudies speak for good."""
        self.cast = self.understudies
        self.understudies = {}
        self._keep()

    def _find_understudies(self) -> Mapping[str, Voice]:
        """Find who steps in: the first other vendor that has a voice for the language."""
        cast_from = {voice.vendor for voice in self.cast.values()}
        for vendor in self._vendors:
            if vendor not in cast_from:
                return plan_understudies(self.cast, self._speakers, self._voices, self._language, vendor)
        return {}

    def _keep(self, *, unless: Mapping[str, str] | None = None) -> None:
        names = {speaker: voice.name for speaker, voice in self.cast.items()}
        if names == unless:
            return
        with self._container.database.transaction() as tx:
            tx.jobs.record_casting(self._job_id, self._language, names)
