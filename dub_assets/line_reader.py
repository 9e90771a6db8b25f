"""How one line of a language is read: its words, the speed its voice is asked for, and what its take teaches."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from dub_assets.reading_round import Reading
from dub_assets.stage import Stage
from dubbing.engines import Voice
from dubbing.glossary import Glossary, apply_pronunciations
from dubbing.slots import plan_slots
from dubbing.speaking_rates import Sample, plan_cps, plan_lesson
from dubbing.stages import TranslatedSegment, VoicedSegment
from dubbing.transcript import Segment
from dubbing.translation_budget import count_characters, plan_vendor_speed
from resources.purchasing.orders import Order


class LineReader:
    """The lines of a language as they are to be read.

    Args:
        lines: those to be read, in order.
        heard: lines that an earlier run read, by number; one that is read by the same voice again keeps its speed.
    """

    def __init__(
        self,
        stage: Stage,
        language: str,
        segments: Sequence[Segment],
        total_ms: int,
        lines: Sequence[TranslatedSegment],
        glossary: Glossary,
        heard: Mapping[int, VoicedSegment],
    ) -> None:
        self._stage = stage
        self._language = language
        self._glossary = glossary
        self._speakers = {segment.number: segment.speaker for segment in segments}
        self.rooms_ms = {slot.number: slot.end_ms - slot.start_ms for slot in plan_slots(segments, total_ms)}
        self._spoken = {line.number: self._pronounce(line.text) for line in lines}
        self._speeds = {number: (line.voice, line.vendor_speed) for number, line in heard.items()}
        self._samples: defaultdict[str, list[Sample]] = defaultdict(list)
        with stage.container.database.transaction() as tx:
            self._rates = tx.rates.list_rates(language)

    def change(self, number: int, text: str) -> None:
        """Let a line have other words from now on; never while lines are read."""
        self._spoken[number] = self._pronounce(text)
        self._speeds.pop(number, None)

    def read(self, order: Order, number: int, voice: Voice) -> Reading:
        """Have a line read, or find its reading; a text that the voice has read is not bought again for its speed.

        Raises:
            SynthesisError, VendorError: see `Takes.get`.
        """
        text, takes = self._spoken[number], self._stage.container.takes
        wanted = self._plan_speed(number, voice)
        found = takes.find_speed(text, language=self._language, voice=voice, speed=wanted)
        speed = wanted if found is None else found
        take = takes.get(
            order,
            text,
            language=self._language,
            voice=voice,
            speed=speed,
            before=self._get_neighbour(number, -1),
            after=self._get_neighbour(number, +1),
        )
        reading = Reading(take, voice, speed)
        if found is None:
            self._samples[self._identify(voice)].append(Sample(count_characters(text), measure_natural_ms(reading)))
        return reading

    def teach(self) -> None:
        """Let all jobs know how fast the voices were; what was found had taught before."""
        lessons = {voice: plan_lesson(samples) for voice, samples in self._samples.items()}
        taught = {voice: lesson for voice, lesson in lessons.items() if lesson is not None}
        with self._stage.container.database.transaction() as tx:
            tx.rates.record_lessons(self._language, taught)

    def _plan_speed(self, number: int, voice: Voice) -> float:
        name, speed = self._speeds.get(number, ("", 1.0))
        if name == voice.name:
            return speed
        known = self._rates.get(self._identify(voice))
        cps = plan_cps(self._rates.values() if known is None else [known], self._language)
        characters = count_characters(self._spoken[number])
        return plan_vendor_speed(characters, self.rooms_ms[number], cps, max_speed=voice.max_speed)

    def _identify(self, voice: Voice) -> str:
        """Name a voice together with the engine that it speaks with: another model has another pace."""
        return f"{self._stage.container.synthesizer.identify(voice)}/{voice.name}"

    def _pronounce(self, text: str) -> str:
        return apply_pronunciations(text, self._glossary, self._language)

    def _get_neighbour(self, number: int, step: int) -> str:
        """What the same speaker says right before or after; nothing where somebody else speaks."""
        if self._speakers.get(number + step) != self._speakers[number]:
            return ""
        return self._spoken.get(number + step, "")


def measure_natural_ms(reading: Reading) -> float:
    """Measure how long a reading would be, had the voice not been asked to hurry."""
    return (reading.take.speech_end_ms - reading.take.speech_start_ms) * reading.speed
