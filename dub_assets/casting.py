"""Who speaks for whom in a language of a job: decided once, and kept for every later run."""

from collections.abc import Collection, Mapping, Sequence

from dub_assets.stage import Stage
from dubbing.casting import plan_casting, plan_understudies
from dubbing.engines import Voice
from dubbing.languages import get_base


class Company:
    """The voices of one language of a job.

    Args:
        speakers: in order of first appearance.
        overrides: voice name by speaker, as the customer chose. They were offered then; one that is not any more is
            passed over.
    """

    def __init__(self, stage: Stage, language: str, speakers: Sequence[str], overrides: Mapping[str, str]) -> None:
        self._job_id = stage.job_id
        self._database = stage.container.database
        self._language = language
        self._speakers = speakers
        self._voices = stage.container.synthesizer.list_voices()
        self._vendors = stage.container.synthesizer.list_vendors(language)
        with self._database.transaction() as tx:
            self._kept = tx.jobs.get_casting(stage.job_id, language)
        offered = {voice.name for voice in self._voices if get_base(voice.language) == get_base(language)}
        wanted = {
            speaker: name for choices in (overrides, self._kept) for speaker, name in choices.items() if name in offered
        }
        for speaker in speakers:
            if speaker in overrides and speaker not in wanted:
                stage.log.warning("The voice chosen for speaker %s of %s is not offered any more.", speaker, language)
        self.cast = plan_casting(speakers, self._voices, language, wanted, vendors=self._vendors)
        self._understudies = self._find_understudies(failed=())

    @property
    def vendors(self) -> set[str]:
        """Whose voices the cast is made of."""
        return {voice.vendor for voice in self.cast.values()}

    def list_readers(self, speaker: str) -> list[Voice]:
        """List who can read a speaker's line: the speaker's voice, then the understudy where there is one."""
        return [voices[speaker] for voices in (self.cast, self._understudies) if speaker in voices]

    def recast(self, failed: Collection[str]) -> bool:
        """Let others speak for everybody who was cast from a vendor that failed; False where nobody steps in."""
        cast = self._plan_without(failed)
        if not cast:
            return False
        self.cast = cast
        self._understudies = self._find_understudies(failed)
        return True

    def confirm(self, speaker: str, voice: Voice) -> None:
        """Keep the cast, once somebody whose voice is new in it was heard: a cast that cannot read is not kept."""
        if voice != self.cast[speaker] or self._kept.get(speaker) == voice.name:
            return
        self._kept = {role: each.name for role, each in self.cast.items()}
        with self._database.transaction() as tx:
            tx.jobs.record_casting(self._job_id, self._language, self._kept)

    def _find_understudies(self, failed: Collection[str]) -> Mapping[str, Voice]:
        """Find who reads a line that its speaker's voice cannot: somebody of another vendor."""
        found: dict[str, Voice] = {}
        for vendor in self.vendors:
            others = self._plan_without({vendor, *failed})
            found |= {speaker: voice for speaker, voice in others.items() if self.cast[speaker].vendor == vendor}
        return found

    def _plan_without(self, failed: Collection[str]) -> Mapping[str, Voice]:
        return plan_understudies(
            self.cast, self._speakers, self._voices, self._language, vendors=self._vendors, failed=failed
        )
