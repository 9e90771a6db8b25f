"""Speaking rates: what takes teach about how fast a voice speaks, and the rate that plans are made with."""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from dubbing.translation_budget import find_cps

KEPT_SHARE = 0.7
"""How much of what was known stays after one more take. Source: house rule; half of it is new after two takes."""

MIN_FACTOR, MAX_FACTOR = 0.5, 1.5
"""Limits of a learned rate, as shares of the language's seed. Source: house rule; what is beyond is a defect, not a
voice."""

MIN_TAKE_MS = 1_000
"""Shorter takes teach nothing, ms: the silence kept at their edges would count as speech."""

MIN_CHARACTERS = 10
"""Shorter texts teach nothing: a word or two is drawn out or swallowed as it likes."""

STEPS_PER_SEED = 10
"""Rates are planned with in tenths of the language's seed, so that neighbours in time agree. Source: less than what
a translator is granted over its budget."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A take as it teaches.

    Attributes:
        characters: that were spoken.
        natural_ms: length of the speech if the voice had not been asked to hurry.
    """

    characters: int
    natural_ms: float


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the takes of a voice say together: characters per second, and how many takes they were."""

    cps: float
    takes: int


def plan_lesson(samples: Iterable[Sample]) -> Lesson | None:
    """Sum up the takes of one voice, in any order; None where none of them teaches anything.

    >>> plan_lesson([Sample(30, 2000), Sample(12, 1000), Sample(9, 5000), Sample(40, 900)])
    Lesson(cps=14.0, takes=2)
    """
    heard = [each for each in samples if each.natural_ms >= MIN_TAKE_MS and each.characters >= MIN_CHARACTERS]
    if not heard:
        return None
    length_ms = math.fsum(each.natural_ms for each in heard)
    return Lesson(1000 * sum(each.characters for each in heard) / length_ms, len(heard))


def learn(known_cps: float | None, lesson: Lesson, language: str) -> float:
    """Take a lesson into what is known of a voice; each of its takes counts as much as if it had come alone.

    Args:
        known_cps: None where nothing is: then the language's seed stands for it.
        language: canonical BCP 47 tag.

    >>> round(learn(None, Lesson(cps=10.0, takes=1), "es"), 2)
    13.5
    >>> learn(None, Lesson(cps=99.0, takes=50), "es")
    22.5
    """
    seed = find_cps(language)
    kept = KEPT_SHARE**lesson.takes
    cps = kept * (seed if known_cps is None else known_cps) + (1 - kept) * lesson.cps
    return min(MAX_FACTOR * seed, max(MIN_FACTOR * seed, cps))


def plan_cps(rates: Collection[float], language: str) -> float:
    """Choose the rate to plan with: the mean of what is known of the voices, in steps; the seed where nothing is.

    Args:
        rates: characters per second, of the voices that may read.
        language: canonical BCP 47 tag.

    >>> plan_cps([], "es"), plan_cps([13.3, 13.7], "es"), plan_cps([14.9], "es")
    (15.0, 13.5, 15.0)
    """
    seed = find_cps(language)
    if not rates:
        return float(seed)
    steps = round(STEPS_PER_SEED * math.fsum(rates) / len(rates) / seed)
    return steps * seed / STEPS_PER_SEED
