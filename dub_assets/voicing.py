"""One language read aloud: round after round, until a cast was found that can, and then placed."""

from collections.abc import Mapping, Sequence

from dub_assets.casting import Company
from dub_assets.placing import place_lines
from dub_assets.reading_round import Lost, Reading, Readings, RecastError, Round
from dub_assets.stage import Report, Stage
from dubbing.engines import Voice
from dubbing.errors import SynthesisError
from dubbing.glossary import Glossary, apply_pronunciations
from dubbing.stages import SegmentedTranscript, TranslatedSegment, VoicedSegment
from dubbing.standing import Standing
from dubbing.timing import plan_slots
from dubbing.translation_budget import count_characters, plan_vendor_speed
from resources.purchasing.orders import Order


class LanguageVoicing:
    """The readings of one language."""

    def __init__(
        self,
        stage: Stage,
        transcript: SegmentedTranscript,
        language: str,
        lines: Sequence[TranslatedSegment],
        glossary: Glossary,
        overrides: Mapping[str, str],
    ) -> None:
        self._stage = stage
        self._transcript = transcript
        self._language = language
        self._lines = lines
        self._speakers = {segment.number: segment.speaker for segment in transcript.segments}
        self._slots_ms = {
            slot.number: slot.end_ms - slot.start_ms for slot in plan_slots(transcript.segments, transcript.duration_ms)
        }
        self._spoken = {
            line.number: apply_pronunciations(line.text, glossary, language) for line in lines if not line.error_code
        }
        self._company = Company(stage, language, list(dict.fromkeys(self._speakers.values())), overrides)

    def run(self, report: Report) -> tuple[VoicedSegment, ...]:
        """Read every line and give it its place; a line that nobody can read is marked.

        Raises:
            DubbingError: nobody could read a single line, or a vendor failed and nobody steps in.
        """
        readings = self._read(report)
        if not any(isinstance(reading, Reading) for reading in readings.values()):
            lost = [reading.error for reading in readings.values() if isinstance(reading, Lost)]
            raise lost[0] if lost else SynthesisError("No line of this language has a translation to be read.")
        return place_lines(self._transcript, self._lines, readings, self._company.cast)

    def _read(self, report: Report) -> Readings:
        """Read the lines; each round that is given up leaves one vendor less to ask.

        Raises:
            VendorError: a vendor was given up, and nobody steps in.
        """
        speakers = {number: self._speakers[number] for number in self._spoken}
        standing, heard = Standing(), self._find_heard()
        while True:
            try:
                return Round(self._stage, self._language, self._company, standing, speakers, heard, self._buy).run(
                    report
                )
            except RecastError as fault:
                if not self._company.recast(standing.given_up):
                    raise standing.get_error(fault.vendor) from None
                self._stage.log.warning("Other voices step in for %s in all of %s.", fault.vendor, self._language)

    def _buy(self, order: Order, number: int, voice: Voice) -> Reading:
        text = self._spoken[number]
        speed = plan_vendor_speed(
            count_characters(text), self._slots_ms[number], self._language, max_speed=voice.max_speed
        )
        take = self._stage.container.takes.get(
            order,
            text,
            language=self._language,
            voice=voice,
            speed=speed,
            before=self._get_neighbour(number, -1),
            after=self._get_neighbour(number, +1),
        )
        return Reading(take, voice, speed)

    def _get_neighbour(self, number: int, step: int) -> str:
        """What the same speaker says right before or after; nothing where somebody else speaks."""
        if self._speakers.get(number + step) != self._speakers[number]:
            return ""
        return self._spoken.get(number + step, "")

    def _find_heard(self) -> dict[int, str]:
        """Find who read the lines in an earlier run, if they still are the same: asking others again is no use."""
        with self._stage.container.database.transaction() as tx:
            earlier = tx.values.load_voiced(self._stage.job_id).get(self._language, ())
        texts = {line.number: line.text for line in self._lines}
        return {line.number: line.voice for line in earlier if line.take_key and texts.get(line.number) == line.text}
