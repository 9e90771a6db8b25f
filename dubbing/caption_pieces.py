"""What captions are broken into: the words of the takes as unbreakable pieces, in the order they are shown.

Two people may speak at once, but cues follow each other. Lines that overlap are parted at their sentence ends, and the
sentences are ordered and timed one after the other; whether two share a cue is decided where cues are planned.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from dubbing.caption_text import SENTENCE_BREAK, clean_text, rate_break, split_pieces


@dataclass(frozen=True, slots=True)
class CaptionLine:
    """The text of a take and when it is heard in the dub.

    Attributes:
        speaker: label of whoever says it.
    """

    text: str
    start_ms: int
    end_ms: int
    speaker: str = "1"


@dataclass(frozen=True, slots=True)
class Piece:
    """An unbreakable bit of text, with the share of its take's time that its characters make.

    Attributes:
        space: in front of it, " " or "".
        take: number of its line, from 0.
        overlap: how much of the sentence before, another speaker's, is spoken at the same time as its own, 0-1 of the
            shorter; 0 inside a sentence.
    """

    space: str
    text: str
    take: int
    speaker: str
    start_ms: int
    end_ms: int
    overlap: float = 0.0


_Sentence = list[Piece]


def cut_into_pieces(lines: Sequence[CaptionLine], language: str) -> list[Piece]:
    """Cut lines into pieces whose times follow each other.

    Args:
        lines: in order of ``start_ms``, each with a length and with text.

    Returns:
        Pieces by start; those of one line in their order, with all its text.
    """
    sentences = [
        sentence
        for (take, line), is_overlapping in zip(enumerate(lines), _find_overlapping(lines), strict=True)
        for sentence in _list_sentences(list(_cut_line(take, line, language)), language, is_parted=is_overlapping)
    ]
    sentences.sort(key=lambda sentence: sentence[0].start_ms)
    return [piece for sentence in _join(sentences) for piece in sentence]


def _find_overlapping(lines: Sequence[CaptionLine]) -> Iterator[bool]:
    ends = [0, *accumulate((line.end_ms for line in lines), max)]
    for number, line in enumerate(lines):
        is_interrupted = number + 1 < len(lines) and lines[number + 1].start_ms < line.end_ms
        yield is_interrupted or line.start_ms < ends[number]


def _cut_line(take: int, line: CaptionLine, language: str) -> Iterator[Piece]:
    parts = list(split_pieces(clean_text(line.text), language))
    total = sum(len(space + text) for space, text in parts)
    length_ms = line.end_ms - line.start_ms
    done = 0
    for space, text in parts:
        start_ms = line.start_ms + length_ms * (done + len(space)) // total
        done += len(space + text)
        yield Piece(space, text, take, line.speaker, start_ms, line.start_ms + length_ms * done // total)


def _list_sentences(pieces: list[Piece], language: str, *, is_parted: bool) -> Iterator[_Sentence]:
    begin = 0
    for end, (left, right) in enumerate(pairwise(pieces), start=1):
        if is_parted and rate_break(left.text, right.text, language) == SENTENCE_BREAK:
            yield pieces[begin:end]
            begin = end
    yield pieces[begin:]


def _join(sentences: Sequence[_Sentence]) -> Iterator[_Sentence]:
    """Put sentences one after the other: where two overlap, each has time in proportion to its characters."""
    free_ms = spoken_ms = 0
    before: _Sentence = []
    for number, sentence in enumerate(sentences):
        start_ms = max(free_ms, sentence[0].start_ms)
        spoken_ms = max(spoken_ms, sentence[-1].end_ms)
        free_ms = spoken_ms
        if number + 1 < len(sentences):
            free_ms = _share(sentence, start_ms, spoken_ms, sentences[number + 1])
        first, *others = _retime(sentence, start_ms, free_ms)
        if not before:
            first = replace(first, space="")
        elif before[-1].take != first.take:
            first = replace(first, space=" ", overlap=_measure_overlap(before, sentence))
        yield [first, *others]
        before = sentence


def _share(sentence: _Sentence, start_ms: int, spoken_ms: int, following: _Sentence) -> int:
    """Find where a sentence hands over to the next: not before that is heard, nor after all heard so far is over."""
    if following[0].start_ms >= spoken_ms:
        return spoken_ms
    span_ms = max(spoken_ms, following[-1].end_ms) - start_ms
    own, others = (sum(len(piece.text) for piece in each) for each in (sentence, following))
    fair_ms = start_ms + span_ms * own // (own + others)
    return min(max(fair_ms, following[0].start_ms), spoken_ms)


def _retime(sentence: _Sentence, start_ms: int, end_ms: int) -> _Sentence:
    from_ms, to_ms = sentence[0].start_ms, sentence[-1].end_ms
    if (from_ms, to_ms) == (start_ms, end_ms):
        return sentence
    length_ms = max(to_ms - from_ms, 1)

    def move(ms: int) -> int:
        return start_ms + (ms - from_ms) * (end_ms - start_ms) // length_ms

    return [replace(piece, start_ms=move(piece.start_ms), end_ms=move(piece.end_ms)) for piece in sentence]


def _measure_overlap(before: _Sentence, after: _Sentence) -> float:
    if before[0].speaker == after[0].speaker:
        return 0.0
    spans = [(sentence[0].start_ms, sentence[-1].end_ms) for sentence in (before, after)]
    common_ms = min(end for _, end in spans) - max(start for start, _ in spans)
    shortest_ms = max(min(end - start for start, end in spans), 1)
    return min(max(common_ms / shortest_ms, 0.0), 1.0)
