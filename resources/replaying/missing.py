"""What of a job's languages is not there yet: found as the line would find it, without buying any of it.

A recording that was not heard yet is guessed from its length: somebody speaks all the time.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from dubbing.casting import plan_casting
from dubbing.engines import Voice
from dubbing.glossary import Glossary, apply_pronunciations, parse_glossary
from dubbing.hearing import GAP_MS, SAMPLE_MS
from dubbing.languages import get_base
from dubbing.replaying import MAX_READINGS, MAX_SHORTENINGS, MAX_TRANSLATIONS, Model, Need, add, multiply
from dubbing.speaking_rates import plan_cps
from dubbing.stages import SegmentedTranscript
from dubbing.transcript import Segment
from dubbing.translation_batches import Line
from dubbing.translation_budget import find_cps, list_vendor_speeds
from dubbing.usage import Usage
from resources.container import Container
from resources.database.tables import DubbingJob, SegmentEdit
from resources.purchasing.line_translation import LinePlan
from resources.purchasing.scripts import Script, ScriptPlanner

GUESSED_LINE_MS = 5000
"""Length of a line where none is known, ms."""

GUESSED_SOURCE = "en"


@dataclass(frozen=True, slots=True)
class _Language:
    """What is known of one language before it is made again.

    Attributes:
        texts: what is translated, by number of the line; of the others nothing is known yet.
        heard: numbers of lines that are read already, or whose original stays.
        casting: voice by speaker, as cast before.
    """

    name: str
    script: Script
    plan: LinePlan
    texts: Mapping[int, str]
    heard: frozenset[int]
    casting: Mapping[str, str]
    edits: Mapping[int, SegmentEdit]


class Missing:
    """What is missing of one job."""

    def __init__(self, container: Container, job_id: uuid.UUID) -> None:
        self._container = container
        self._job_id = job_id
        with container.database.transaction() as tx:
            self._job: DubbingJob = tx.jobs.get(job_id)
            known = tx.values.load_transcript(job_id)
        self._was_heard = bool(known.segments)
        self._transcript = known if known.segments else _guess_transcript(known.duration_ms)
        self._glossary: Glossary = parse_glossary(self._job.glossary)

    def list_needs(self, languages: Sequence[str]) -> list[Need]:
        """List what would be asked for, in the order of the line."""
        needs = [] if self._was_heard else [self._need_hearing(None, self._transcript.duration_ms)]
        for name in languages:
            language = self._look(name)
            unread = self._find_unread(language)
            needs += [*self._need_translation(language, unread), *self._need_readings(language, unread)]
            needs += self._need_proof(language)
        return needs

    def _look(self, name: str) -> _Language:
        with self._container.database.transaction() as tx:
            edits, rates = tx.edits.list_edits(self._job_id, name), tx.rates.list_rates(name)
            heard, casting = tx.values.load_heard(self._job_id, name), tx.jobs.get_casting(self._job_id, name)
        fixed = {number: edit.text for number, edit in edits.items() if edit.text is not None}
        heard_of = self._transcript
        script = Script(
            heard_of.segments,
            heard_of.duration_ms,
            heard_of.language,
            name,
            self._glossary,
            cps=plan_cps(rates.values(), name),
            fixed=fixed,
        )
        plan = ScriptPlanner(self._container.translator).plan(script)
        with self._container.database.transaction() as tx:
            kept = tx.purchases.find_translations(set(plan.keys.values())) if self._was_heard else {}
        known = {n: kept[key].text for n, key in plan.keys.items() if key in kept and kept[key].is_final} | fixed
        originals = {number for number, edit in edits.items() if edit.keeps_original}
        return _Language(name, script, plan, known, frozenset({*heard, *originals}), casting, edits)

    def _need_hearing(self, language: str | None, duration_ms: int, at_most_ms: int = 0) -> Need:
        recognizer = self._container.recognizer
        usage, at_most = {"ms": duration_ms}, {"ms": max(duration_ms, at_most_ms)}
        return Need("recognize", ((recognizer.vendor, recognizer.model),), language, 0, usage, at_most)

    def _need_translation(self, language: _Language, unread: Sequence[int]) -> list[Need]:
        """The lines without a translation; and the shorter wordings that lines may need when they are read."""
        translator = self._container.translator
        wanted = [number for number in language.plan.keys if number not in language.texts]
        once = self._estimate(language, wanted)
        at_most = once
        if translator.follows_instructions:
            shorter = multiply(self._estimate(language, unread), MAX_SHORTENINGS)
            at_most = add(multiply(once, MAX_TRANSLATIONS), shorter)
        model = (translator.vendor, translator.model)
        return [Need("translate", (model,), language.name, len(wanted), once, at_most)]

    def _estimate(self, language: _Language, numbers: Sequence[int]) -> Usage:
        translator, plan = self._container.translator, language.plan
        lines: list[Line] = [plan.lines[number] for number in sorted(numbers)]
        batches = plan.plan_batches(lines, translator.max_lines) if lines else ()
        return add(*(translator.estimate_usage(batch) for batch in batches))

    def _find_unread(self, language: _Language) -> list[int]:
        """Find the lines that no take is there for, by the voices that the line would ask.

        They are looked for though no cast was kept: a round that was given up at once paid for lines all the same.
        """
        wanted = {*language.plan.keys, *language.script.fixed} - language.heard
        translated = wanted & language.texts.keys()
        read = self._find_read(language, translated) if translated else set()
        return sorted(wanted - read)

    def _find_read(self, language: _Language, numbers: Set[int]) -> set[int]:
        """Find the lines that were read, but of which that was not written down when their language failed."""
        takes, cast = self._container.takes, self._cast(language)
        keys = defaultdict[str, set[int]](set)
        for segment in self._transcript.segments:
            if segment.number not in numbers:
                continue
            voice = cast[segment.speaker]
            text = apply_pronunciations(language.texts[segment.number], self._glossary, language.name)
            for speed in list_vendor_speeds(voice.max_speed):
                keys[takes.build_key(text, language=language.name, voice=voice, speed=speed)].add(segment.number)
        with self._container.database.transaction() as tx:
            found = tx.purchases.get_takes(keys)
        return {number for key in found for number in keys[key]}

    def _need_readings(self, language: _Language, unread: Sequence[int]) -> list[Need]:
        if not unread:
            return []
        lengths_ms = {segment.number: segment.end_ms - segment.start_ms for segment in self._transcript.segments}
        cps = find_cps(language.name)
        characters = sum(
            len(language.texts[number]) if number in language.texts else cps * lengths_ms[number] // 1000 + 1
            for number in unread
        )
        times = MAX_READINGS if self._container.translator.follows_instructions else 1
        once = {"characters": characters}
        return [
            Need("synthesize", self._list_models(language), language.name, len(unread), once, multiply(once, times))
        ]

    def _list_models(self, language: _Language) -> tuple[Model, ...]:
        """List whom the cast is of, then everybody who may step in."""
        cast = [(voice.vendor, voice.model) for voice in self._cast(language).values()]
        others = [(voice.vendor, voice.model) for voice in self._list_voices(language.name)]
        return tuple(dict.fromkeys([*cast, *others]))

    def _cast(self, language: _Language) -> Mapping[str, Voice]:
        voices = self._container.synthesizer.list_voices()
        vendors = self._container.synthesizer.list_vendors(language.name)
        chosen = {**self._job.voices.get(language.name, {}), **language.casting}
        offered = {voice.name for voice in self._list_voices(language.name)}
        wanted = {speaker: name for speaker, name in chosen.items() if name in offered}
        speakers = list(dict.fromkeys(segment.speaker for segment in self._transcript.segments))
        return plan_casting(speakers, voices, language.name, wanted, vendors=vendors)

    def _list_voices(self, language: str) -> list[Voice]:
        base = get_base(language)
        return [voice for voice in self._container.synthesizer.list_voices() if get_base(voice.language) == base]

    def _need_proof(self, language: _Language) -> list[Need]:
        """The lines of the finished dub that are recognised again."""
        which = self._container.settings.recognise_again
        if which == "off":
            return []
        spoken_ms = sum(segment.end_ms - segment.start_ms for segment in self._transcript.segments)
        sample_ms = spoken_ms if which == "all" else min(spoken_ms, SAMPLE_MS)
        gaps_ms = GAP_MS * (len(self._transcript.segments) + 1)
        return [self._need_hearing(language.name, sample_ms, sample_ms + gaps_ms)]


def _guess_transcript(duration_ms: int) -> SegmentedTranscript:
    """Think of a recording that is full of speech."""
    words = "word " * (GUESSED_LINE_MS * find_cps(GUESSED_SOURCE) // 1000 // len("word "))
    starts = range(0, duration_ms, GUESSED_LINE_MS)
    segments = [
        Segment(number, start_ms, min(start_ms + GUESSED_LINE_MS, duration_ms), words.strip())
        for number, start_ms in enumerate(starts, start=1)
    ]
    return SegmentedTranscript(GUESSED_SOURCE, duration_ms, tuple(segments))
