"""Hearing a finished dub again: which lines are recognised, what they said, and what was heard of it."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from dubbing.fact_numbers import find_numbers
from dubbing.facts import find_mismatches
from dubbing.phrases import fold
from dubbing.stages import VoicedSegment
from dubbing.transcript import Word
from dubbing.word_error_rate import WordErrors, count_word_errors

SAMPLE_MS = 60_000
"""Most speech of a sample, ms. Source: some 150 words, enough to tell a rate of 30 % from one of 15 %."""

GAP_MS = 500
"""Silence between two lines that are recognised one after the other, ms: a sentence ends there for the recogniser."""

GROUP_MS = 60_000
"""Lines are compared in groups of about this length, ms: comparing takes the product of the two lengths."""


MAX_PARTS = 3
"""In so many parts a recogniser may write one number: "mil 800 e 11"."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A line of the dub, cut out to be recognised.

    Attributes:
        text: what it says.
        start_ms, end_ms: in the dub.
        at_ms: where it begins in what the recogniser is given.
    """

    text: str
    start_ms: int
    end_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What was understood.

    Attributes:
        lines: that were recognised.
        missing_numbers: numbers of their texts that were not heard.
    """

    lines: int
    errors: WordErrors
    missing_numbers: int


def plan_cuts(lines: Sequence[VoicedSegment], which: Literal["sample", "all"]) -> tuple[Cut, ...]:
    """Choose the lines to be recognised again: spread evenly over the dub, up to `SAMPLE_MS`, or all of them.

    A line that another one speaks over is not chosen: two voices at once prove nothing about either.
    """
    clear = _list_clear(lines)
    cuts: list[Cut] = []
    at_ms = GAP_MS
    for line in clear if which == "all" else _spread(clear):
        cuts.append(Cut(line.text, line.start_ms, line.start_ms + line.duration_ms, at_ms))
        at_ms += line.duration_ms + GAP_MS
    return tuple(cuts)


def _list_clear(lines: Sequence[VoicedSegment]) -> list[VoicedSegment]:
    """List the lines that are heard alone, in order of their starts."""
    placed = sorted((line for line in lines if line.take_key), key=lambda line: line.start_ms)
    ends_ms = [line.start_ms + line.duration_ms for line in placed]
    silent_from_ms = [0, *accumulate(ends_ms, max)]
    next_ms = [*(line.start_ms for line in placed[1:]), max(ends_ms, default=0)]
    return [
        line
        for line, before_ms, end_ms, after_ms in zip(placed, silent_from_ms, ends_ms, next_ms, strict=False)
        if before_ms <= line.start_ms and end_ms <= after_ms
    ]


def _spread(lines: Sequence[VoicedSegment]) -> list[VoicedSegment]:
    """Take as many lines as fit, at even distances; one at least."""
    for count in range(len(lines), 1, -1):
        chosen = [lines[(2 * n + 1) * len(lines) // (2 * count)] for n in range(count)]
        if sum(line.duration_ms for line in chosen) <= SAMPLE_MS:
            return chosen
    return list(lines[len(lines) // 2 :][:1])


def assess_hearing(cuts: Sequence[Cut], words: Sequence[Word], language: str) -> Heard:
    """Compare what was heard with what should be said.

    Args:
        cuts: as `plan_cuts` chose them.
        words: as recognised, at their times in the cut recording.
        language: canonical tag of both.
    """
    errors, missing, group = WordErrors(0, 0), 0, list[Cut]()
    words = sorted(words, key=_find_middle)
    for cut in cuts:
        group.append(cut)
        if cut.at_ms - group[0].at_ms >= GROUP_MS or cut is cuts[-1]:
            errors += count_word_errors(" ".join(c.text for c in group), _gather(group, words), language)
            group = []
        missing += _count_missing_numbers(cut.text, _gather([cut], words), language)
    return Heard(len(cuts), errors, missing)


def _count_missing_numbers(text: str, heard: str, language: str) -> int:
    """Count the numbers that were not heard; one that was written down in parts, as "20 e 3", was."""
    lost = [m for m in find_mismatches(text, heard, source=language, target=language) if m.kind == "number"]
    values = [max(number.values) for number in find_numbers(fold(heard), language)]
    sums = {sum(values[at : at + count]) for count in range(2, MAX_PARTS + 1) for at in range(len(values) - count + 1)}
    return sum(sums.isdisjoint(max(n.values) for n in find_numbers(fold(m.expected), language)) for m in lost)


def _gather(cuts: Sequence[Cut], words: Sequence[Word]) -> str:
    """Join the words that were heard in a row of cuts; a word belongs where its middle is, and is in that order."""
    from_ms = cuts[0].at_ms - GAP_MS // 2
    to_ms = cuts[-1].at_ms + cuts[-1].end_ms - cuts[-1].start_ms + GAP_MS // 2
    heard = words[bisect_left(words, from_ms, key=_find_middle) : bisect_left(words, to_ms, key=_find_middle)]
    return " ".join(word.text for word in heard)


def _find_middle(word: Word) -> int:
    return (word.start_ms + word.end_ms) // 2
