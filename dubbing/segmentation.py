"""Segmentation: the recogniser's words become segments, the unit that is translated and voiced.

Three passes: cut where the speech itself breaks, cut what is still too long, join what is too short to stand alone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from dubbing.languages import get_base
from dubbing.transcript import Segment, Word

MAX_PAUSE_MS = 600
"""A longer silence between two words ends a segment, ms. Source: house rule; just above the merge gap, so that no
pause is both a cut and a join."""

MAX_SEGMENT_MS = 15_000
"""Longest span kept in one piece, ms. Source: house rule; short enough that one bad take costs little."""

MAX_SEGMENT_CHARACTERS = 250
"""Longest text kept in one piece. Source: 15 s at the seed rate of 15 characters per second, rounded up."""

SHORT_SEGMENT_MS = 2_500
"""A shorter segment looks for a neighbour to join, ms. Source: peers; it leaves a translation no freedom."""

MAX_MERGE_GAP_MS = 500
"""Longest silence that a join may swallow, ms. Source: peers."""

MAX_MERGED = 5
"""Most segments joined into one. Source: peers."""

_ABBREVIATIONS_BY_LANGUAGE = {
    "en": "mr mrs ms dr prof sr jr st vs etc approx inc ltd",
    "pt": "sr sra srta dr dra prof av pág págs exmo exma",
    "es": "sr sra srta dr dra ud uds av",
    "fr": "mme mlle mgr dr",
    "it": "sig sigg dott avv ecc",
    "de": "hr fr dr bzw ca usw vgl nr str",
}
ABBREVIATIONS = frozenset(word for words in _ABBREVIATIONS_BY_LANGUAGE.values() for word in words.split())
"""Words whose full stop does not end a sentence, without that stop, lower case; all languages at once, since speakers
mix them."""

_SENTENCE_END = re.compile(r"[.!?…。！？]+[\"'”’»)\]」』】）]*$")
_NOT_A_SENTENCE_END = re.compile(r"^\W*(\d{1,2}|\w(\.\w)*)\.\W*$")  # "3. Oktober", "J. K.", "e.g.", "U.S."
_CLAUSE_END = re.compile(r"[,;:–—，、；：][\"'”’»)\]」』】）]*$")

_UNSPACED = frozenset({"zh", "yue", "ja", "th", "lo", "km", "my"})
"""Languages written without spaces between words."""


def plan_segments(words: Sequence[Word], *, language: str) -> tuple[Segment, ...]:
    """Group words into segments.

    A segment ends at a pause and at a sentence end; a run-on is cut at its best comma or longest pause; a short one
    joins a neighbour. Each speaker's words are gathered for themselves, so that a word put in by another cuts no
    sentence in two, and who talks over another goes on doing so. No word is lost and each speaker's order is kept.

    Args:
        words: in order of ``start_ms``; words without text are passed over.
        language: canonical BCP 47 tag; decides whether words are joined with spaces.

    Returns:
        Segments numbered from 1 in order of their starts; those of different speakers may overlap.

    >>> words = [Word("Good", 0, 300), Word("morning.", 300, 900), Word("Bye.", 5000, 5400)]
    >>> [segment.text for segment in plan_segments(words, language="en")]
    ['Good morning.', 'Bye.']
    """
    by_speaker: dict[str, list[Word]] = {}
    for word in words:
        if word.text.strip():
            by_speaker.setdefault(word.speaker, []).append(word)
    runs = [run for spoken in by_speaker.values() for run in _gather(spoken)]
    return tuple(
        Segment(number, _get_start(run), _get_end(run), join_words((w.text for w in run), language), run[0].speaker)
        for number, run in enumerate(sorted(runs, key=lambda run: (_get_start(run), run[0].speaker)), start=1)
    )


def join_words(texts: Iterable[str], language: str) -> str:
    """Write words as one text, in the way of the language.

    Languages without spaces still keep one between two words of Latin script.

    >>> join_words(["我", "用", "Open", "Office", "。"], "zh")
    '我用Open Office。'
    """
    spaced = get_base(language) not in _UNSPACED
    text = ""
    for word in (text.strip() for text in texts):
        needs_space = spaced or (text[-1:].isascii() and word[:1].isascii() and word[:1].isalnum())
        text += f" {word}" if text and needs_space else word
    return text


def _gather(spoken: Sequence[Word]) -> list[list[Word]]:
    """Group the words of one speaker."""
    return _merge_short([part for run in _cut_at_breaks(spoken) for part in _cut_run_on(run)])


def _cut_at_breaks(words: Sequence[Word]) -> Iterator[list[Word]]:
    run = list(words[:1])
    for word, following in pairwise(words):
        if _is_break(word, following):
            yield run
            run = []
        run.append(following)
    if run:
        yield run


def _is_break(word: Word, following: Word) -> bool:
    return following.start_ms - word.end_ms > MAX_PAUSE_MS or _ends_sentence(word.text, following.text)


def _ends_sentence(text: str, following: str) -> bool:
    text = text.strip()
    if not _SENTENCE_END.search(text) or _NOT_A_SENTENCE_END.match(text):
        return False
    is_inside_number = bool(re.search(r"\d\.$", text)) and following.strip()[:1].isdigit()
    is_abbreviation = text.endswith(".") and text.strip(".\"'“‘«([").lower() in ABBREVIATIONS
    return not (is_inside_number or is_abbreviation)


def _cut_run_on(run: list[Word]) -> Iterator[list[Word]]:
    """Cut at the best place until every part is short enough or a single word."""
    if len(run) == 1 or not _is_too_long(run):
        yield run
        return
    cut = _choose_cut(run)
    yield from _cut_run_on(run[:cut])
    yield from _cut_run_on(run[cut:])


def _is_too_long(run: Sequence[Word]) -> bool:
    return _get_end(run) - _get_start(run) > MAX_SEGMENT_MS or _count_characters(run) > MAX_SEGMENT_CHARACTERS


def _choose_cut(run: Sequence[Word]) -> int:
    """Choose the word to cut before: a comma first, then the longest pause, then the middle.

    Only the middle half of the text is looked at, so that no crumbs are cut off.
    """
    half = _count_characters(run) / 2
    distances = []
    position = 0
    for word in run[:-1]:
        position += len(word.text) + 1
        distances.append(abs(position - half))
    nearest = min(distances)

    def rate(cut: int) -> tuple[bool, int, float]:
        pause_ms = run[cut].start_ms - run[cut - 1].end_ms
        return bool(_CLAUSE_END.search(run[cut - 1].text.strip())), pause_ms, -distances[cut - 1]

    return max((cut for cut in range(1, len(run)) if distances[cut - 1] <= max(half / 2, nearest)), key=rate)


def _merge_short(pieces: Sequence[list[Word]]) -> list[list[Word]]:
    merged: list[list[Word]] = []
    count = 0
    for piece in pieces:
        if merged and count < MAX_MERGED and _should_merge(merged[-1], piece):
            merged[-1] = merged[-1] + piece
            count += 1
        else:
            merged.append(piece)
            count = 1
    return merged


def _should_merge(left: Sequence[Word], right: Sequence[Word]) -> bool:
    is_short = min(_get_end(run) - _get_start(run) for run in (left, right)) < SHORT_SEGMENT_MS
    gap_ms = _get_start(right) - _get_end(left)
    return is_short and gap_ms <= MAX_MERGE_GAP_MS and not _is_too_long([*left, *right])


def _get_start(run: Sequence[Word]) -> int:
    return run[0].start_ms


def _get_end(run: Sequence[Word]) -> int:
    return max(word.end_ms for word in run)


def _count_characters(run: Sequence[Word]) -> int:
    return sum(len(word.text) + 1 for word in run)
