"""Captions: the dubbed text on screen, broken and timed to be read while it is heard.

Cues are planned from the takes as placed in the dub. Text is never cut: what does not fit one cue is split into
more, and what cannot be read in its time is reported by `check_cues`. Cues never overlap, though people may: what two
say at once shares a cue, one line each, or follows one another where that does not fit.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from typing import Literal

from dubbing.caption_pieces import CaptionLine, Piece, cut_into_pieces
from dubbing.caption_text import (
    MAX_LINES,
    SENTENCE_BREAK,
    SPEAKER_MARK,
    clean_text,
    count_characters,
    get_max_columns,
    measure_columns,
    rate_break,
)

TARGET_READING_SPEED_CPS = 17
"""Comfortable reading speed, characters per second. Source: Netflix Timed Text Style Guide, adult programmes."""

MAX_READING_SPEED_CPS = 20
"""Fastest reading speed allowed, characters per second. Source: Netflix Timed Text Style Guide."""

MIN_CUE_MS = 833
"""Shortest time on screen, ms. Source: Netflix Timed Text Style Guide, 5/6 s."""

MAX_CUE_MS = 7_000
"""Longest time on screen, ms. Source: Netflix Timed Text Style Guide, 7 s."""

MIN_GAP_MS = 83
"""Shortest time between two cues, ms. Source: Netflix Timed Text Style Guide, 2 frames; here at 24 frames a second."""

Rule = Literal["line_count", "line_length", "reading_speed", "min_duration", "max_duration", "gap"]

_FAULT = 1_000.0
"""Cost of anything `check_cues` would report: no elegance outweighs it."""

_VANISHING = 100.0
"""Cost of a cue that leaves the screen while its text is still being spoken."""

_JOINED = 50.0
"""Cost of showing two takes in one cue, only to spare the reader a fault; and of showing apart what two speakers say
at once. Of each, the share that the overlap leaves or makes."""

_LONE_WORD = 15.0
"""Cost of one word alone on a line; the cost of fullness keeps it from being alone in a cue."""

_CUE = 10.0
"""Cost of each cue: as few as fit."""

_FULLNESS = 20.0
"""Cost of a full cue; it grows with the square of the fill, so that a split text is shared evenly."""

_UNEVENNESS = 12.0
"""Cost of two lines that differ by a whole line's width."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Text on screen.

    Attributes:
        start_ms, end_ms: in the dub.
        lines: one or two, without surrounding space; each begins with a hyphen where two speak.
    """

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaptionViolation:
    """A cue that breaks a rule of `check_cues`.

    Attributes:
        number: of the cue, from 1; for "gap" the cue before the gap.
        rule: "line_length" in columns, "reading_speed" in characters per second, durations and gap in ms.
        got, limit: in the unit of the rule.
    """

    number: int
    rule: Rule
    got: float
    limit: float


def plan_cues(lines: Sequence[CaptionLine], *, language: str) -> tuple[Cue, ...]:
    """Plan the cues of a dub: the cheapest way to break the text, by the costs above.

    A cue comes in with its audio. It stays for as long as it is spoken, and longer, into silence, where that is too
    short to be read. Takes that follow each other too closely to be shown one by one share a cue, and so do those
    of two speakers at once.

    Args:
        lines: in order of ``start_ms``, none empty in time; those without text are passed over.
        language: canonical BCP 47 tag of the text.

    Returns:
        Cues in order, never overlapping, with all the text.

    Raises:
        ValueError: lines that are empty in time or out of order.

    >>> plan_cues([CaptionLine("Sim.", 1000, 1300)], language="pt-BR")
    (Cue(start_ms=1000, end_ms=1833, lines=('Sim.',)),)
    >>> plan_cues([CaptionLine("Vamos?", 0, 900, "ana"), CaptionLine("Já!", 600, 900, "rui")], language="pt-BR")
    (Cue(start_ms=0, end_ms=900, lines=('-Vamos?', '-Já!')),)
    """
    if any(line.end_ms <= line.start_ms for line in lines) or any(b.start_ms < a.start_ms for a, b in pairwise(lines)):
        raise ValueError("caption lines must have a length and be in order")
    runs = list(_split_at_silences([line for line in lines if clean_text(line.text)]))
    limits_ms = [run[0].start_ms for run in runs[1:]] + [math.inf]
    planned = (_Run(run, limit, language).plan() for run, limit in zip(runs, limits_ms, strict=False))
    return tuple(chain.from_iterable(planned))


def check_cues(cues: Sequence[Cue], language: str) -> tuple[CaptionViolation, ...]:
    """Find every breach of the style guide's measurable rules.

    A take spoken faster than 20 characters a second cannot be captioned in full at a readable speed: it is
    reported here, since cutting its text is not an option.
    """
    found: list[CaptionViolation] = []
    for number, cue in enumerate(cues, start=1):
        found += [CaptionViolation(number, rule, got, limit) for rule, got, limit in _find_faults(cue, language)]
        gap_ms = cues[number].start_ms - cue.end_ms if number < len(cues) else MIN_GAP_MS
        if gap_ms < MIN_GAP_MS:
            found.append(CaptionViolation(number, "gap", gap_ms, MIN_GAP_MS))
    return tuple(found)


def _find_faults(cue: Cue, language: str) -> Iterator[tuple[Rule, float, float]]:
    duration_ms = cue.end_ms - cue.start_ms
    columns = max((measure_columns(line, language) for line in cue.lines), default=0)
    if len(cue.lines) > MAX_LINES:
        yield "line_count", len(cue.lines), MAX_LINES
    if columns > get_max_columns(language):
        yield "line_length", columns, get_max_columns(language)
    if duration_ms < MIN_CUE_MS:
        yield "min_duration", duration_ms, MIN_CUE_MS
    if duration_ms > MAX_CUE_MS:
        yield "max_duration", duration_ms, MAX_CUE_MS
    characters = sum(count_characters(line) for line in cue.lines)
    if characters * 1000 > MAX_READING_SPEED_CPS * duration_ms:
        yield "reading_speed", round(characters * 1000 / max(duration_ms, 1), 2), MAX_READING_SPEED_CPS


def _split_at_silences(lines: Sequence[CaptionLine]) -> Iterator[list[CaptionLine]]:
    """Part the lines where nothing is gained by a shared cue: each side has time of its own."""
    run = list(lines[:1])
    spoken_until_ms = accumulate((line.end_ms for line in lines), max)
    for end_ms, following in zip(spoken_until_ms, lines[1:], strict=False):
        if following.start_ms - end_ms >= MIN_CUE_MS + MIN_GAP_MS:
            yield run
            run = []
        run.append(following)
    if run:
        yield run


class _Run:
    """Takes that follow each other closely, and the search for their cheapest division into cues.

    A cue is a range of pieces, and what it costs depends on where it begins and ends alone; so the cheapest division
    up to each piece follows from the cheapest ones before it.
    """

    def __init__(self, lines: Sequence[CaptionLine], limit_ms: float, language: str) -> None:
        self.limit_ms = limit_ms
        self.max_columns = get_max_columns(language)
        self.pieces = cut_into_pieces(lines, language)
        self.starts_ms = [piece.start_ms for piece in self.pieces]
        self.turn_ends = _find_turn_ends(self.pieces)
        self.breaks = [0] + [_rate_break(left, right, language) for left, right in pairwise(self.pieces)] + [0]
        self.joins = [0.0, *accumulate(_rate_join(left, right) for left, right in pairwise(self.pieces))]
        self.columns = [0]
        self.characters = [0]
        for piece in self.pieces:
            self.columns.append(self.columns[-1] + len(piece.space) + measure_columns(piece.text, language))
            self.characters.append(self.characters[-1] + len(piece.space) + count_characters(piece.text))

    def plan(self) -> list[Cue]:
        count = len(self.pieces)
        costs = [0.0] + [math.inf] * count
        begins = [0] * (count + 1)
        for begin in range(count):
            for end in self._list_ends(begin):
                cost = costs[begin] + self._rate_cue(begin, end)
                if cost < costs[end]:
                    costs[end], begins[end] = cost, begin
        cues: list[Cue] = []
        end = count
        while end:
            cues.append(self._build_cue(begins[end], end))
            end = begins[end]
        return cues[::-1]

    def _list_ends(self, begin: int) -> list[int]:
        """List where a cue may end: as far as two lines reach, and only where the next cue would come in later.

        Where that leaves nothing, the first place with a later cue, on however many lines.
        """
        first = bisect_right(self.starts_ms, self.starts_ms[begin])
        reach = self._find_line_end(self._find_line_end(begin))  # each within one speaker's words
        return [first, *range(first + 1, reach + 1)]

    def _rate_cue(self, begin: int, end: int) -> float:
        pieces = self.pieces
        duration_ms = self._plan_duration(begin, end)
        fill = self._measure_columns(begin, end) / (MAX_LINES * self.max_columns)
        faults = (
            (duration_ms < MIN_CUE_MS)
            + (self._count_characters(begin, end) * 1000 > MAX_READING_SPEED_CPS * duration_ms)
            + (self._get_next_start(end) - pieces[begin].start_ms <= MIN_GAP_MS)
            + self._is_too_tall(begin, end)
        )
        is_vanishing = pieces[end - 1].end_ms - pieces[begin].start_ms > MAX_CUE_MS
        return (
            _CUE
            + _FULLNESS * fill**2
            + self.breaks[end]
            + _FAULT * faults
            + _VANISHING * is_vanishing
            + self.joins[end - 1]
            - self.joins[begin]
            + (_JOINED * pieces[end].overlap if end < len(pieces) else 0.0)
        )

    def _build_cue(self, begin: int, end: int) -> Cue:
        texts = (
            mark + "".join(piece.space + piece.text for piece in self.pieces[first:last]).strip()
            for mark, first, last in self._plan_lines(begin, end)
        )
        start_ms = self.pieces[begin].start_ms
        return Cue(start_ms, start_ms + self._plan_duration(begin, end), tuple(texts))

    def _plan_duration(self, begin: int, end: int) -> int:
        """Stay while it is spoken and until it can be read, but not into the next cue and its gap."""
        start_ms = self.pieces[begin].start_ms
        spoken_ms = self.pieces[end - 1].end_ms - start_ms
        reading_ms = math.ceil(self._count_characters(begin, end) * 1000 / TARGET_READING_SPEED_CPS)
        room_ms = min(self._get_next_start(end) - MIN_GAP_MS - start_ms, MAX_CUE_MS)
        return max(1, int(min(max(spoken_ms, reading_ms, MIN_CUE_MS), room_ms)))

    def _is_too_tall(self, begin: int, end: int) -> bool:
        if self._is_one_speakers(begin, end):
            return self._find_line_end(self._find_line_end(begin)) < end
        return sum(1 for _ in self._list_turn_lines(begin, end)) > MAX_LINES

    def _plan_lines(self, begin: int, end: int) -> Iterator[tuple[str, int, int]]:
        """Plan the lines of a cue: what each begins with, and its range of pieces."""
        if not self._is_one_speakers(begin, end):
            yield from self._list_turn_lines(begin, end)
            return
        bounds = [begin, *self._plan_line_breaks(begin, end), end]
        yield from (("", first, last) for first, last in pairwise(bounds))

    def _list_turn_lines(self, begin: int, end: int) -> Iterator[tuple[str, int, int]]:
        """Begin a new line with each speaker; a word that fills a line by itself goes without the hyphen."""
        while begin < end:
            turn_end = min(self.turn_ends[begin], end)
            room = self.max_columns - self._measure_columns(begin, begin + 1)
            mark = SPEAKER_MARK if len(SPEAKER_MARK) <= room else ""
            while begin < turn_end:
                line_end = min(self._find_line_end(begin, len(mark)), turn_end)
                yield mark, begin, line_end
                begin, mark = line_end, ""

    def _plan_line_breaks(self, begin: int, end: int) -> list[int]:
        breaks: list[int] = []
        while self._find_line_end(self._find_line_end(begin)) < end:
            begin = self._find_line_end(begin)
            breaks.append(begin)
        line_end = self._find_line_end(begin)
        if line_end < end:
            cuts = (cut for cut in range(begin + 1, line_end + 1) if self._find_line_end(cut) >= end)
            breaks.append(min(cuts, key=lambda cut: self._rate_lines(begin, cut, end)))
        return breaks

    def _rate_lines(self, begin: int, cut: int, end: int) -> float:
        top, bottom = self._measure_columns(begin, cut), self._measure_columns(cut, end)
        lone_words = (cut - begin == 1) + (end - cut == 1)
        return self.breaks[cut] + _UNEVENNESS * abs(top - bottom) / self.max_columns + _LONE_WORD * lone_words

    def _find_line_end(self, begin: int, indent: int = 0) -> int:
        """Find how far one line reaches: at least one piece, and no further than one speaker's words."""
        if begin >= len(self.pieces):
            return begin
        widest = self.columns[begin] + len(self.pieces[begin].space) + self.max_columns - indent
        return min(max(begin + 1, bisect_right(self.columns, widest) - 1), self.turn_ends[begin])

    def _is_one_speakers(self, begin: int, end: int) -> bool:
        return self.turn_ends[begin] >= end

    def _get_next_start(self, end: int) -> float:
        return self.pieces[end].start_ms if end < len(self.pieces) else self.limit_ms

    def _measure_columns(self, begin: int, end: int) -> int:
        return self.columns[end] - self.columns[begin] - len(self.pieces[begin].space)

    def _count_characters(self, begin: int, end: int) -> int:
        marks = 0
        turn = begin
        while not self._is_one_speakers(begin, end) and turn < end:
            marks += len(SPEAKER_MARK)
            turn = self.turn_ends[turn]
        return self.characters[end] - self.characters[begin] - len(self.pieces[begin].space) + marks


def _find_turn_ends(pieces: Sequence[Piece]) -> list[int]:
    """Find for each piece where the words of its speaker end."""
    ends = [len(pieces)] * len(pieces)
    for number in range(len(pieces) - 2, -1, -1):
        is_same = pieces[number].speaker == pieces[number + 1].speaker
        ends[number] = ends[number + 1] if is_same else number + 1
    return ends


def _rate_break(left: Piece, right: Piece, language: str) -> int:
    return SENTENCE_BREAK if left.take != right.take else rate_break(left.text, right.text, language)


def _rate_join(left: Piece, right: Piece) -> float:
    return 0.0 if left.take == right.take else _JOINED * (1 - right.overlap)
