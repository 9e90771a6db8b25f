"""What a dub will use, told before it is made: as a range, and from as much as is known of what is said.

From a length alone the range is wide. Once the recording was heard, and once it was translated, it becomes narrower,
and for a recording within the bounds below never leaves the earlier one. What was bought before is not taken off. The
high end is the dearest ordinary way through the line: every line mended as often as is allowed, and every line that may
not fit read again. Calls that a vendor bills though they failed, and voices that step in, come on top.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from dubbing.engines import LOCAL, Translator
from dubbing.hearing import GAP_MS, SAMPLE_MS
from dubbing.replaying import MAX_SHORTENINGS, MAX_TRANSLATIONS, Model, add, multiply
from dubbing.segmentation import MAX_SEGMENT_CHARACTERS, MAX_SEGMENT_MS
from dubbing.speaking_rates import MIN_FACTOR
from dubbing.transcript import Segment
from dubbing.translation_batches import Batch, Line
from dubbing.translation_budget import MAX_OVER_BUDGET, MIN_BUDGET_CHARACTERS, SEED_CPS, find_cps
from dubbing.translation_plan import CONTEXT_LINES
from dubbing.usage import Price, Usage, measure_cost

Basis = Literal["duration", "transcript", "translation"]
"""What an estimate rests on, the vaguest first."""

MIN_SPOKEN_SHARE = 0.3
"""Of a recording that somebody speaks in, at least. Source: films have a third of speech, talks nine tenths."""

MIN_PACE, MAX_PACE = 0.7, 1.3
"""How fast people speak, as shares of the language's seed. Source: conversations and talks measure 110 to 200 words a
minute, around 150; with the English seed that is 630 to 1170 characters, around 950 as the vendors' bills have it."""

MIN_GROWTH, MAX_GROWTH = 0.7, 1.3
"""How much a translation is shorter or longer than what takes as long to say. Source: English becomes up to 30 % longer
in the languages of Europe, and they become as much shorter in English."""

MIN_LINE_MS = 2_000
"""Average length of a line, ms, at least. Source: shorter ones are joined up to 2.5 s, except in quick exchanges."""

MAX_BYTES_PER_CHARACTER = 3
"""In UTF-8: Latin has hardly more than 1, the scripts of India and East Asia have 3."""

PROBLEM_CHARACTERS = 160
"""What is said to be wrong with a line, about as long as two wishes at once."""

MIN_SHARE_USED = 0.05
"""What a translation uses of what is reserved for it, at least: it is reserved for scripts that make many tokens, for
much thinking and for a request that no cache knows. Source: house rule; 8 lines of English use a tenth."""

ROUNDING_MS = 1_000
"""Vendors bill recordings to the second, and read lengths as they like."""

MAX_HEARD_LINES = 120
"""Lines of a sample that is heard again: at half a second each they fill it."""

MAX_OVERRUN = 1.25
"""How much longer the lines of a dub are than those of its source, all together. Source: house rule; takes that do not
fit are sped up by up to 30 % first."""

_NARROW, _WIDE = "a", "語"  # a letter of one byte and one of three


@dataclass(frozen=True, slots=True)
class Range:
    """What something will cost, and what that rests on."""

    low_usd_micros: int
    high_usd_micros: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class JobEstimate:
    """What a job will cost.

    Attributes:
        shared: what all languages need once.
        languages: by canonical tag.
        prices_from: since when the prices that it is computed with are in force, by vendor and model.
    """

    shared: Range
    languages: Mapping[str, Range]
    prices_from: Mapping[Model, datetime] = field(default_factory=dict)

    @property
    def lowest_usd_micros(self) -> int:
        """The least that all of it may come to."""
        return sum(each.low_usd_micros for each in (self.shared, *self.languages.values()))

    @property
    def worst_usd_micros(self) -> int:
        """The most that all of it may come to, by the ordinary way."""
        return sum(each.high_usd_micros for each in (self.shared, *self.languages.values()))


@dataclass(frozen=True, slots=True)
class Part:
    """Something that is bought for a job.

    Attributes:
        models: any of these may do it.
        least, most: what it will use.
    """

    models: tuple[Model, ...]
    least: Usage
    most: Usage


@dataclass(frozen=True, slots=True)
class Said:
    """What is said in a recording: so many lines, characters, and bytes of UTF-8."""

    lines: int
    characters: int
    bytes: int


def guess_said(duration_ms: int, source: str | None) -> tuple[Said, Said]:
    """Guess what is said in a recording that nobody has heard: the least and the most.

    Args:
        duration_ms: >= 0.
        source: canonical tag; None where any language may be detected.
    """
    slowest, fastest = (
        (find_cps(source),) * 2 if source is not None else (min(SEED_CPS.values()), max(SEED_CPS.values()))
    )
    spoken_ms = duration_ms * MIN_SPOKEN_SHARE
    fewest = math.floor(spoken_ms * slowest * MIN_PACE / 1000)
    most = math.ceil(duration_ms * fastest * MAX_PACE / 1000)
    return (
        Said(math.ceil(spoken_ms / MAX_SEGMENT_MS), fewest, fewest),
        Said(math.ceil(duration_ms / MIN_LINE_MS), most, most * MAX_BYTES_PER_CHARACTER),
    )


def measure_said(segments: Collection[Segment]) -> Said:
    """Count what is said.

    >>> measure_said([Segment(1, 0, 900, "Año 1")])
    Said(lines=1, characters=5, bytes=6)
    """
    texts = [segment.text for segment in segments]
    return Said(len(texts), sum(map(len, texts)), sum(len(text.encode(errors="replace")) for text in texts))


def estimate_recognition(duration_ms: int) -> tuple[Usage, Usage]:
    """Tell what hearing a recording uses at least and at most.

    >>> estimate_recognition(1_500), estimate_recognition(0)
    (({'ms': 1000}, {'ms': 2000}), ({'ms': 0}, {'ms': 0}))
    """
    return {"ms": duration_ms // ROUNDING_MS * ROUNDING_MS}, {"ms": -(-duration_ms // ROUNDING_MS) * ROUNDING_MS}


def estimate_proof(lines: int, spoken_ms: int, which: Literal["off", "sample", "all"]) -> Usage:
    """Tell what hearing a finished dub again uses at most; at least nothing, for a dub is delivered without it too.

    Args:
        lines, spoken_ms: of the source, at most.
    """
    if which == "off" or not lines:
        return {"ms": 0}
    if which == "all":
        return {"ms": math.ceil(spoken_ms * MAX_OVERRUN) + GAP_MS * (lines + 1)}
    return {"ms": min(math.ceil(spoken_ms * MAX_OVERRUN), SAMPLE_MS) + GAP_MS * (min(lines, MAX_HEARD_LINES) + 1)}


def count_mendings(translator: Translator) -> int:
    """Count how often a line is asked for again at most, before and after it was read."""
    return MAX_TRANSLATIONS - 1 + MAX_SHORTENINGS if translator.follows_instructions else 0


def count_rereadings(translator: Translator) -> int:
    """Count how often a line is read again at most, each time in shorter words."""
    return MAX_SHORTENINGS if translator.follows_instructions else 0


def estimate_translation(
    least: Said, most: Said, translated: int, translator: Translator, *, source: str | None, target: str
) -> tuple[Usage, Usage]:
    """Tell what the translation into one language uses at least and at most.

    Args:
        translated: characters of the translation, at most.
    """
    pair = (source or target, target)
    once = _ask_all(translator, pair, least)
    low = {unit: math.floor(quantity * MIN_SHARE_USED) for unit, quantity in once.items()}
    context = (_NARROW * MAX_SEGMENT_CHARACTERS,) * CONTEXT_LINES
    first = _ask_all(translator, pair, most, context)
    again = _ask_all(translator, pair, most, context, previous=translated)
    return low, add(first, multiply(again, count_mendings(translator)))


def guess_reading(duration_ms: int, target: str, *, rereadings: int) -> tuple[Usage, Usage]:
    """Tell what reading one language uses, when nothing but the length is known.

    No budget is larger than the recording, so what is read again for being too long is not either.

    >>> guess_reading(60_000, "es", rereadings=2)
    ({'characters': 132}, {'characters': 4143})
    """
    room = duration_ms * find_cps(target) / 1000
    longest = room * MAX_PACE * MAX_GROWTH
    fitting = (room + MIN_BUDGET_CHARACTERS * math.ceil(duration_ms / MIN_LINE_MS)) * MAX_OVER_BUDGET
    return _bound(room * MIN_SPOKEN_SHARE * MIN_PACE * MIN_GROWTH, longest + rereadings * min(longest, fitting))


def estimate_reading(
    segments: Collection[Segment],
    budgets: Mapping[int, int],
    *,
    source: str,
    target: str,
    rereadings: int,
    texts: Mapping[int, str],
) -> tuple[Usage, Usage]:
    """Tell what reading some lines in one language uses.

    A line that has room to spare even for the slowest voice is read once. Of any other, what fits may be read again:
    more than that stays too long in its translation, or becomes shorter.

    Args:
        budgets: characters that fit, by the number of the line.
        texts: translations as far as they are known, by the number of the line.
    """
    ratio = find_cps(target) / find_cps(source)
    low = high = 0.0
    for segment in segments:
        if (text := texts.get(segment.number)) is not None:
            shortest = longest = float(len(text))
        else:
            size = len(segment.text) * ratio
            shortest, longest = size * MIN_GROWTH, size * MAX_GROWTH
        fitting = budgets[segment.number] * MAX_OVER_BUDGET
        low += shortest
        high += longest + (rereadings * min(longest, fitting) if longest > fitting * MIN_FACTOR else 0)
    return _bound(low, high)


def count_translated(segments: Collection[Segment], *, source: str, target: str) -> int:
    """Count the characters that a translation has at most."""
    return math.ceil(sum(len(segment.text) for segment in segments) * find_cps(target) / find_cps(source) * MAX_GROWTH)


def guess_translated(duration_ms: int, target: str) -> int:
    """Count the characters that the translation of a recording of this length has at most."""
    return math.ceil(duration_ms * find_cps(target) * MAX_PACE * MAX_GROWTH / 1000)


def price_parts(parts: Sequence[Part], prices: Mapping[Model, Mapping[str, Price]], basis: Basis) -> Range:
    """Price parts; what this machine makes costs nothing.

    Args:
        prices: by vendor and model, then by unit.

    Raises:
        KeyError: a model, or a unit that it uses, has no price.

    >>> prices = {("v", "a"): {"characters": Price(30, 1)}, ("v", "b"): {"characters": Price(50, 1)}}
    >>> price_parts([Part((("v", "a"), ("v", "b")), {"characters": 1}, {"characters": 3})], prices, "duration")
    Range(low_usd_micros=30, high_usd_micros=150, basis='duration')
    """
    low = high = 0
    for part in parts:
        low += min(_price(part.least, model, prices) for model in part.models)
        high += max(_price(part.most, model, prices) for model in part.models)
    return Range(low, high, basis)


def _price(usage: Usage, model: Model, prices: Mapping[Model, Mapping[str, Price]]) -> int:
    return 0 if model[0] == LOCAL else measure_cost(usage, prices[model])


def _bound(low: float, high: float) -> tuple[Usage, Usage]:
    """Make whole characters of it; what differs from a whole one by less than can be computed is one."""
    return {"characters": math.floor(round(low, 6))}, {"characters": math.ceil(round(high, 6))}


def _ask_all(
    translator: Translator, pair: tuple[str, str], said: Said, context: tuple[str, ...] = (), previous: int = 0
) -> Usage:
    """Tell what is reserved for asking for every line once.

    Batches are alike but for the last, so two of them are looked at and not hundreds.

    Args:
        previous: characters of the wordings that are to be mended; 0 when nothing was translated before.
    """
    if not said.lines:
        return {}
    size = translator.max_lines
    others = -(-said.lines // size) - 1
    whole = (said.characters, said.bytes, previous)
    each = tuple(total * size // said.lines for total in whole)
    last = tuple(total - others * part for total, part in zip(whole, each, strict=True))
    ends = translator.estimate_usage(_build_batch(pair, said.lines - others * size, last, context))
    if not others:
        return ends
    return add(multiply(translator.estimate_usage(_build_batch(pair, size, each, context)), others), ends)


def _build_batch(pair: tuple[str, str], lines: int, sizes: tuple[int, ...], context: tuple[str, ...]) -> Batch:
    """Make a batch that is as large as one of so many lines, characters, bytes and characters to be mended."""
    characters, byte_count, previous = max(sizes[0], lines), sizes[1], sizes[2]
    wide = min(characters - lines + 1, max(0, -(-(byte_count - characters) // (MAX_BYTES_PER_CHARACTER - 1))))
    first = _WIDE * wide + _NARROW * (characters - lines + 1 - wide)
    mended = [_WIDE * previous, *[_NARROW] * (lines - 1)] if previous else [None] * lines
    problem = _NARROW * PROBLEM_CHARACTERS if previous else None
    return Batch(
        *pair,
        tuple(
            Line(1000 + number, first if number == 0 else _NARROW, 1000, mended[number], problem)
            for number in range(lines)
        ),
        before=context,
        after=context,
    )
