"""What was said and when: the recogniser's words, and the transcript they make."""

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word with its punctuation.

    Attributes:
        text: as written, no surrounding space.
        start_ms, end_ms: in the source; ``0 <= start_ms <= end_ms``.
        confidence: 0-1.
        speaker: label of the diarisation, "1" where there is none.
    """

    text: str
    start_ms: int
    end_ms: int
    confidence: float = 1.0
    speaker: str = "1"


@dataclass(frozen=True, slots=True)
class Segment:
    """The unit that is translated and voiced: words of one speaker that belong together.

    Attributes:
        number: 1, 2, 3 … in order of ``start_ms``.
    """

    number: int
    start_ms: int
    end_ms: int
    text: str
    speaker: str = "1"


@dataclass(frozen=True, slots=True)
class Transcript:
    """A recognised recording.

    Attributes:
        language: canonical BCP 47 tag, as given or as detected.
        duration_ms: of the whole recording.
        words: in order of ``start_ms``.
    """

    language: str
    duration_ms: int
    words: tuple[Word, ...]


def settle_times(words: Iterable[Word], duration_ms: int) -> tuple[Word, ...]:
    """Make times rise: no word starts before the one before it ends, none ends after the recording.

    >>> settle_times([Word("a", 0, 500), Word("b", 400, 1200)], 1000)[1].start_ms
    500
    """
    settled: list[Word] = []
    free_ms = 0
    for word in words:
        start_ms = min(max(word.start_ms, free_ms), duration_ms)
        free_ms = min(max(word.end_ms, start_ms), duration_ms)
        settled.append(replace(word, start_ms=start_ms, end_ms=free_ms))
    return tuple(settled)
