"""One language read aloud: round after round until a cast was found that can, then shorter where it does not fit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from dub_assets.casting import Company
from dub_assets.line_reader import LineReader, measure_natural_ms
from dub_assets.placing import place_lines
from dub_assets.reading_round import Lost, Reading, Readings, RecastError, Round
from dub_assets.stage import Report, Stage
from dubbing.engines import Voice
from dubbing.errors import DubbingError, SpendLimitReachedError, SynthesisError
from dubbing.fitting import PREFERRED_SPEED
from dubbing.glossary import Glossary
from dubbing.jobs import LanguageState
from dubbing.languages import get_base
from dubbing.stages import SegmentedTranscript, TranslatedSegment, VoicedSegment
from dubbing.standing import Standing
from dubbing.translation_budget import plan_shorter_budget
from resources.purchasing.scripts import LongLine, Script

MAX_SHORTENINGS = 2
"""Shorter wordings asked for at most of a line that was read. Source: house rule; peers settled on 3 in all, and a
translation that was asked for three times and stayed too long gets none."""


class LanguageVoicing:
    """The readings of one language, with what people wish of single lines."""

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
        self._lines = {line.number: line for line in lines}
        self._script = Script(transcript.segments, transcript.duration_ms, transcript.language, language, glossary)
        self._speakers = {segment.number: segment.speaker for segment in transcript.segments}
        with stage.container.database.transaction() as tx:
            self._edits = tx.edits.list_edits(stage.job_id, language)
            earlier = tx.values.load_heard(stage.job_id, language)
        self._kept = {number for number, edit in self._edits.items() if edit.keeps_original}
        self._heard = {n: line for n, line in earlier.items() if n in self._lines and line.text == self._lines[n].text}
        read = [line for line in lines if not line.error_code and line.number not in self._kept]
        self._read_numbers = [line.number for line in read]
        self._reader = LineReader(
            stage, language, transcript.segments, transcript.duration_ms, read, glossary, self._heard
        )
        self._company = Company(stage, language, list(dict.fromkeys(self._speakers.values())), overrides)
        self._chosen = self._find_chosen()
        self._standing = Standing()
        self._settled: set[int] = set()  # lines that get no shorter

    def run(self, report: Report) -> tuple[VoicedSegment, ...]:
        """Read every line and give it its place; a line that nobody can read is marked.

        Raises:
            DubbingError: nobody could read a single line, or a vendor failed and nobody steps in.
        """
        readings = self._read(report)
        lost = {number: reading.error for number, reading in readings.items() if isinstance(reading, Lost)}
        if len(lost) == len(readings) and (lost or not self._kept):
            raise (
                next(iter(lost.values()))
                if lost
                else SynthesisError("No line of this language has a translation to be read.")
            )
        if self._stage.container.translator.follows_instructions:
            readings = self._shorten(readings, report)
        self._reader.teach()
        self._record_lost(lost)
        return self._place(readings)

    def _read(self, report: Report) -> Readings:
        """Read the lines; each round that is given up leaves one vendor less to ask.

        Raises:
            VendorError: a vendor was given up, and nobody steps in.
        """
        heard = {number: line.voice for number, line in self._heard.items()}
        while True:
            try:
                return self._begin_round(self._read_numbers, heard).run(report)
            except RecastError as fault:
                if not self._company.recast(self._standing.given_up):
                    raise self._standing.get_error(fault.vendor) from None
                self._stage.log.warning("Other voices step in for %s in all of %s.", fault.vendor, self._language)

    def _begin_round(self, numbers: Iterable[int], heard: Mapping[int, str]) -> Round:
        speakers = {number: self._speakers[number] for number in numbers}
        return Round(
            self._stage,
            self._language,
            self._company,
            self._standing,
            speakers,
            heard,
            self._reader.read,
            self._chosen,
        )

    def _record_lost(self, lost: Mapping[int, DubbingError]) -> None:
        """Write the letters of lines while it is known what the vendor said; from now on only the code is."""
        with self._stage.container.database.transaction() as tx:
            for number, error in lost.items():
                stage = LanguageState.SYNTHESIZING.value
                tx.letters.record_segment(self._stage.job_id, self._language, number, stage, error)

    def _place(self, readings: Readings) -> tuple[VoicedSegment, ...]:
        lines = tuple(self._lines.values())
        return place_lines(self._transcript, lines, readings, self._company.cast, kept=self._kept)

    def _shorten(self, readings: Readings, report: Report) -> Readings:
        """Say shorter what was measured not to fit; what gets no better stays as it is."""
        lines = self._stage.container.translated_lines
        for _ in range(MAX_SHORTENINGS):
            if not (long := self._list_long(readings)):
                return readings
            report(1.0)
            try:
                wordings = lines.shorten(self._stage.build_order(self._language), self._script, long)
            except SpendLimitReachedError:
                return readings  # what is read and does not fit can be delivered all the same
            texts = {number: kept.text for number, kept in wordings.items() if self._is_welcome(number, kept.flags)}
            readings = {**readings, **self._read_again(texts, readings, report)}
            self._settled |= {line.number for line in long if self._lines[line.number].text == line.text}
        if long := self._list_long(readings):
            lines.close(self._script, long)
        return readings

    def _list_long(self, readings: Readings) -> list[LongLine]:
        """List the lines to be said shorter: not a person's, nor those that were asked for as often as is worth it.

        A translation that is flagged as too long is one of those: it was asked for three times.
        """
        long = []
        for placed in self._place(readings):
            number, reading = placed.number, readings.get(placed.number)
            is_fast = placed.overflow_ms > 0 or placed.speed * placed.vendor_speed > PREFERRED_SPEED
            if not isinstance(reading, Reading) or not is_fast or self._is_settled(number):
                continue
            room_ms = self._reader.rooms_ms[number]
            budget = plan_shorter_budget(placed.text, measure_natural_ms(reading), room_ms)
            if budget is not None:
                long.append(LongLine(number, placed.text, budget))
        return long

    def _is_settled(self, number: int) -> bool:
        edit = self._edits.get(number)
        is_a_persons = edit is not None and edit.text is not None
        return is_a_persons or number in self._settled or "too_long" in self._lines[number].flags

    def _is_welcome(self, number: int, flags: Sequence[str]) -> bool:
        """Whether a wording has lost no fact that was there before."""
        return set(flags) - {"too_long"} <= set(self._lines[number].flags)

    def _read_again(self, texts: Mapping[int, str], readings: Readings, report: Report) -> Readings:
        """Read lines in other words, and keep those that have become shorter to the ear."""
        texts = {number: text for number, text in texts.items() if text != self._lines[number].text}
        heard: dict[int, str] = {}
        for number, text in texts.items():
            self._reader.change(number, text)
            if isinstance(former := readings[number], Reading):
                heard[number] = former.voice.name
        try:
            again = self._begin_round(texts, heard).run(lambda share_done: report(1.0))
        except (RecastError, SpendLimitReachedError):
            again = {}  # the lines are read already; no new cast, and no more money, is worth it
        better = {number: each for number, each in again.items() if _is_shorter(each, readings[number])}
        for number in texts:
            if number in better:
                self._lines[number] = replace(self._lines[number], text=texts[number])
            else:
                self._reader.change(number, self._lines[number].text)
        return better

    def _find_chosen(self) -> Mapping[int, Voice]:
        """Find the voices that people chose for single lines; one that is not offered any more is passed over."""
        wanted = {number: edit.voice for number, edit in self._edits.items() if edit.voice is not None}
        if not wanted:
            return {}
        base = get_base(self._language)
        voices = self._stage.container.synthesizer.list_voices()
        offered = {voice.name: voice for voice in reversed(voices) if get_base(voice.language) == base}
        for number, name in wanted.items():
            if name not in offered:
                self._stage.log.warning(
                    "The voice chosen for line %d of %s is not offered any more.", number, self._language
                )
        return {number: offered[name] for number, name in wanted.items() if name in offered}


def _is_shorter(new: Reading | Lost, former: Reading | Lost) -> bool:
    """Whether a reading overflows less and needs less speed: in the same room that is the shorter one."""
    return (
        isinstance(new, Reading)
        and isinstance(former, Reading)
        and measure_natural_ms(new) < measure_natural_ms(former)
    )
