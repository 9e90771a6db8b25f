"""One language read aloud: every line by its speaker's voice, some lines at once."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from dub_assets.casting import Company
from dub_assets.stage import Report, Stage
from dubbing.engines import Voice
from dubbing.errors import (
    DubbingError,
    OutcomeUnknownError,
    RateLimitedError,
    SynthesisError,
    VendorAuthError,
    VendorQuotaError,
    VendorRejectedError,
    VendorReplyError,
    VendorUnavailableError,
)
from dubbing.glossary import Glossary, apply_pronunciations
from dubbing.stages import SegmentedTranscript, TranslatedSegment, VoicedSegment
from dubbing.timing import plan_slots, plan_timeline
from dubbing.transcript import Segment
from dubbing.translation_budget import count_characters, plan_vendor_speed
from resources.database.tables import Take

A_LINES_FAULT = (SynthesisError, VendorReplyError, VendorRejectedError)
"""Errors that another line need not meet."""

A_VENDORS_FAULT = (
    VendorAuthError,
    VendorQuotaError,
    VendorUnavailableError,
    RateLimitedError,
    OutcomeUnknownError,
)
"""Errors that every line would meet after all the trying that was worthwhile: somebody else has to speak."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A take of a line, and how it was asked for."""

    take: Take
    voice: Voice
    speed: float


@dataclass(frozen=True, slots=True)
class _Lost:
    """A line that nobody could read."""

    error: DubbingError
    voice: Voice


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
        self._takes = stage.container.takes
        self._order = stage.build_order(language)
        self._transcript = transcript
        self._language = language
        self._lines = lines
        self._segments = {segment.number: segment for segment in transcript.segments}
        self._slots_ms = {
            slot.number: slot.end_ms - slot.start_ms for slot in plan_slots(transcript.segments, transcript.duration_ms)
        }
        self._spoken = {
            line.number: apply_pronunciations(line.text, glossary, language) for line in lines if not line.error_code
        }
        speakers = list(dict.fromkeys(segment.speaker for segment in transcript.segments))
        self._company = Company(stage.container, stage.job_id, language, speakers, overrides)
        self._stood_in = self._find_stood_in()

    def run(self, report: Report) -> tuple[VoicedSegment, ...]:
        """Read every line and give it its place; a line that nobody can read is marked.

        Raises:
            DubbingError: nobody could read a single line, or the vendor failed and nobody steps in.
        """
        try:
            readings = self._read_all(report)
        except A_VENDORS_FAULT as error:
            if not self._company.understudies:
                raise
            self._stage.log.warning("Other voices step in for all of %s: %s", self._language, error.message)
            self._company.recast()
            readings = self._read_all(report)
        if not any(isinstance(reading, Reading) for reading in readings.values()):
            lost = [reading.error for reading in readings.values() if isinstance(reading, _Lost)]
            raise lost[0] if lost else SynthesisError("No line of this language has a translation to be read.")
        return self._place(readings)

    def _read_all(self, report: Report) -> dict[int, Reading | _Lost]:
        """Read the lines, some at once.

        Raises:
            VendorError: one of `A_VENDORS_FAULT`; no further line is begun.
        """
        readings: dict[int, Reading | _Lost] = {}
        with ThreadPoolExecutor(self._stage.container.synthesizer.max_parallel, "reading") as pool:
            running = {pool.submit(self._read, number): number for number in self._spoken}
            try:
                for future in as_completed(running):
                    readings[running[future]] = future.result()
                    report(len(readings) / len(running))
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return readings

    def _read(self, number: int) -> Reading | _Lost:
        """Read one line by its speaker's voice, or where that cannot say it, by the understudy."""
        self._stage.check_wanted()
        speaker = self._segments[number].speaker
        voices = [cast[speaker] for cast in (self._company.cast, self._company.understudies) if speaker in cast]
        if number in self._stood_in:
            voices.reverse()
        first: DubbingError | None = None
        for voice in voices:
            try:
                return self._buy(number, voice)
            except A_LINES_FAULT as error:
                first = first or error
                self._stage.log.warning("Line %d of %s: %s", number, self._language, error.message)
            except A_VENDORS_FAULT as error:
                if first is None:
                    raise
                self._stage.log.warning("Nobody steps in for line %d of %s: %s", number, self._language, error.message)
        return _Lost(first or SynthesisError("No voice reads this line."), voices[0])

    def _buy(self, number: int, voice: Voice) -> Reading:
        text = self._spoken[number]
        speed = plan_vendor_speed(
            count_characters(text), self._slots_ms[number], self._language, max_speed=voice.max_speed
        )
        take = self._takes.get(
            self._order,
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
        neighbour = self._segments.get(number + step)
        if neighbour is None or neighbour.speaker != self._segments[number].speaker:
            return ""
        return self._spoken.get(number + step, "")

    def _find_stood_in(self) -> set[int]:
        """Find the lines that an earlier run had to have read by the understudy: asking the other again is no use."""
        with self._stage.container.database.transaction() as tx:
            earlier = tx.values.load_voiced(self._stage.job_id).get(self._language, ())
        names = {speaker: voice.name for speaker, voice in self._company.understudies.items()}
        texts = {line.number: line.text for line in self._lines}
        return {
            line.number
            for line in earlier
            if line.take_key
            and texts.get(line.number) == line.text
            and line.voice == names.get(self._segments[line.number].speaker)
        }

    def _place(self, readings: Mapping[int, Reading | _Lost]) -> tuple[VoicedSegment, ...]:
        """Give every line its place: a read one where the timeline puts it, a lost one where it was spoken."""
        read = {number: reading for number, reading in readings.items() if isinstance(reading, Reading)}
        timeline = plan_timeline(
            self._transcript.segments,
            {number: each.take.speech_end_ms - each.take.speech_start_ms for number, each in read.items()},
            self._transcript.duration_ms,
            {number: each.speed for number, each in read.items()},
        )
        placements = {placement.number: placement for placement in timeline.placements}
        voiced: list[VoicedSegment] = []
        for line in self._lines:
            if line.number not in read:
                voiced.append(self._mark_lost(line, readings.get(line.number)))
                continue
            reading, placement = read[line.number], placements[line.number]
            voiced.append(
                VoicedSegment(
                    number=line.number,
                    text=line.text,
                    voice=reading.voice.name,
                    take_key=reading.take.content_key,
                    start_ms=placement.start_ms,
                    duration_ms=placement.duration_ms,
                    speed=placement.speed,
                    overflow_ms=placement.overflow_ms,
                    vendor_speed=reading.speed,
                )
            )
        return tuple(voiced)

    def _mark_lost(self, line: TranslatedSegment, lost: Reading | _Lost | None) -> VoicedSegment:
        segment: Segment = self._segments[line.number]
        return VoicedSegment(
            number=line.number,
            text=line.text,
            voice=self._company.cast[segment.speaker].name,
            start_ms=segment.start_ms,
            duration_ms=segment.end_ms - segment.start_ms,
            error_code=lost.error.code if isinstance(lost, _Lost) else line.error_code,
        )
