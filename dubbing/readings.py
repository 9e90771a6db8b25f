"""Whether a reading can be what it should be: sound, of a plausible length for its text."""

from dubbing.audio import find_speech_span
from dubbing.engines import Speech
from dubbing.translation_budget import find_cps
from dubbing.units import frames_to_ms

LEAST_SHARE, MOST_SHARE = 0.4, 2.5
"""Bounds of a plausible length of a line, as shares of its length at the language's usual rate. Source: measured
readings lie within .5 and 2; half a reading does not pass."""

LONG_LETTERS = 30
LEAST_SHARE_OF_SHORT, MOST_SHARE_OF_SHORT = 0.25, 4.0
"""With fewer letters the bounds are these: a single word comes quickly or slowly."""

GRACE_MS = 1_500
"""Added to the upper bound of short lines, ms: an exclamation can be drawn out, and a name spelled."""

SYMBOLS_PER_DIGIT = 10
"""Letters that a digit may stand for when it is said."""


def find_fault(speech: Speech, text: str, *, language: str, speed: float = 1.0) -> str | None:
    """Find what is wrong with a reading; None where it may count as a take.

    Args:
        text: what was to be read.
        language: canonical tag.
        speed: that it was to be read at, > 1 is faster.

    Returns:
        A sentence for people without the text.
    """
    start, end = find_speech_span(speech.samples, speech.rate_hz)
    if start == end:
        return "The voice gave silence."
    length_ms = frames_to_ms(end - start, speech.rate_hz)
    letters = sum(character.isalnum() for character in text)
    said = sum(SYMBOLS_PER_DIGIT if character.isdigit() else 1 for character in text)
    letter_ms = 1000 / (find_cps(language) * speed)
    if letters < LONG_LETTERS:
        least_ms = letters * letter_ms * LEAST_SHARE_OF_SHORT
        most_ms = said * letter_ms * MOST_SHARE_OF_SHORT + GRACE_MS
    else:
        least_ms, most_ms = letters * letter_ms * LEAST_SHARE, said * letter_ms * MOST_SHARE
    if not least_ms <= length_ms <= most_ms:
        return "The voice gave a reading of an impossible length for its text."
    return None
