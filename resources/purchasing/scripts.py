"""Scripts: what is to be translated, what of it is bought, and by which content key it is found again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dubbing.content_key import build_content_key
from dubbing.engines import Translator
from dubbing.glossary import Glossary, list_terms
from dubbing.transcript import Segment
from dubbing.translation_batches import Line
from dubbing.translation_budget import find_cps, plan_budgets
from resources.local.sentences import has_words
from resources.purchasing.line_translation import LinePlan


@dataclass(frozen=True, slots=True)
class Script:
    """What is to be translated into one language.

    Attributes:
        segments: of the whole recording, in order.
        total_ms: length of the recording.
        cps: characters of the target language that are spoken in a second, as far as it was learned.
        fixed: what a person wrote instead of a translation, by number of the line.
    """

    segments: Sequence[Segment]
    total_ms: int
    source: str
    target: str
    glossary: Glossary = ()
    cps: float | None = None
    fixed: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LongLine:
    """A line that was read and turned out too long for its slot.

    Attributes:
        text: its translation so far.
        max_characters: as many as fit, at the pace of its reading.
    """

    number: int
    text: str
    max_characters: int


class ScriptPlanner:
    """Plans for one translator; only one that follows instructions is told how long a line may be."""

    def __init__(self, translator: Translator) -> None:
        self._translator = translator

    def plan(self, script: Script) -> LinePlan:
        """Plan the translation of all lines that have words, but for those that a person wrote."""
        lines = {s.number: Line(s.number, s.text) for s in script.segments}
        rooms: Mapping[int, int] = {}
        if self._translator.follows_instructions:
            rooms = _measure_rooms(script)
            budgets = plan_budgets(script.segments, script.total_ms, script.cps or find_cps(script.target))
            lines = {number: replace(line, max_characters=budgets[number]) for number, line in lines.items()}
        wanted = [line for line in lines.values() if line.number not in script.fixed and has_words(line.text)]
        keys = {line.number: self._build_key(line, script, rooms.get(line.number)) for line in wanted}
        return LinePlan(script.source, script.target, script.glossary, lines, keys)

    def plan_shorter(self, script: Script, long: Sequence[LongLine]) -> LinePlan:
        """Plan wordings that are shorter than those there are; each is found by the one that it is shorter than."""
        rooms, budgets = _measure_rooms(script), {each.number: each.max_characters for each in long}
        lines = {s.number: Line(s.number, s.text, budgets.get(s.number)) for s in script.segments}
        keys = {
            each.number: self._build_key(lines[each.number], script, rooms[each.number], shorter_than=each.text)
            for each in long
        }
        return LinePlan(script.source, script.target, script.glossary, lines, keys)

    def _build_key(self, line: Line, script: Script, room: int | None, **more: str) -> str:
        """Name a translation by what determines it.

        What is said around it is left out, so that an edit of one line does not buy its neighbours anew; so is its
        budget, which moves with what is learned of voices: the room that it was to fit stands for that.
        """
        terms = list_terms(script.glossary, line.text, script.target) if self._translator.follows_instructions else ()
        return build_content_key(
            "translation",
            engine=self._translator.name,
            source=script.source,
            target=script.target,
            text=line.text,
            max_characters=room,
            terms=[[term.term, term.wanted] for term in terms],
            **more,
        )


def _measure_rooms(script: Script) -> Mapping[int, int]:
    """Tell how much room each line has, in characters at the pace that is known of the language beforehand."""
    return plan_budgets(script.segments, script.total_ms, find_cps(script.target))
