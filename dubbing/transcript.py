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
        words: in order of ``start_ms``; those of different speakers may overlap.
    """

    language: str
    duration_ms: int
    words: tuple[Word, ...]


def settle_times(words: Iterable[Word], duration_ms: int) -> tuple[Word, ...]:
    """Make each speaker's times rise: no word starts before his last one ends, none ends after the recording.

    Speakers who talk at the same time go on doing so.

    Args:
        words: each speaker's in the order they were said.

    Returns:
        In order of ``start_ms``.

    >>> settle_times([Word("a", 0, 500), Word("b", 400, 1200)], 1000)[1].start_ms
    500
    >>> settle_times([Word("a", 0, 500), Word("b", 400, 1200, speaker="2")], 1000)[1].start_ms
    400
    """
    settled: list[Word] = []
    free_ms: dict[str, int] = {}
    for word in words:
        start_ms = min(max(word.start_ms, free_ms.get(word.speaker, 0)), duration_ms)
        end_ms = min(max(word.end_ms, start_ms), duration_ms)
        free_ms[word.speaker] = end_ms
        settled.append(replace(word, start_ms=start_ms, end_ms=end_ms))
    return tuple(sorted(settled, key=lambda word: word.start_ms))
