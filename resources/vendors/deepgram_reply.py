"""Words out of Deepgram's reply to a recording.

The SDK does not check what it hands over: every part may be missing, or be something else than its type says.
"""

import math
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from dubbing.transcript import Word, settle_times
from dubbing.units import s_to_ms
from resources.vendors.deepgram_languages import find_language

MAX_WORDS_PER_S = 25
"""More words than anyone says in any language, counted in single signs where it is written without spaces."""

_FEW_WORDS = 1000
"""So many are read whatever the length."""

_MAX_S = 10**6
"""Times beyond are no times, s."""


class UnusableReplyError(Exception):
    """The reply is not a transcript that can be used; says what is wrong with it, in our words."""


def parse_words(reply: object, duration_ms: int) -> tuple[Word, ...]:
    """Read the words of all channels in order of time, within the recording and one after the other.

    Args:
        reply: as the SDK gives it.
        duration_ms: of the recording; a word that begins later is none.

    Returns:
        Words of the utterances, or of the channels where those say more; none where nobody speaks.

    Raises:
        UnusableReplyError: no transcript, words without times, or more than anyone can say.
    """
    results = _get(reply, "results")
    channels = _get(results, "channels")
    if not isinstance(channels, list) or not channels:
        raise UnusableReplyError("without a transcript")
    parts = [part for channel in channels for part in _list(channel, "alternatives")[:1]]
    found = max(_collect(_list(results, "utterances")), _collect(parts), key=len)
    if len(found) > _FEW_WORDS + duration_ms * MAX_WORDS_PER_S // 1000:
        raise UnusableReplyError("with more words than can be said")
    words = [word for part, item in found if (word := _parse_word(item, part)) is not None]
    if not words and any(_is_said(_get(part, "transcript")) for part in parts):
        raise UnusableReplyError("without words")
    words.sort(key=lambda word: word.start_ms)
    return settle_times((word for word in words if word.start_ms < duration_ms), duration_ms)


def find_detected_language(reply: object) -> str | None:
    """Find the canonical tag of the language that was detected first; None where none is named."""
    codes = [_get(channel, "detected_language") for channel in _list(_get(reply, "results"), "channels")]
    tags = [find_language(code) for code in codes if isinstance(code, str)]
    return next(filter(None, tags), None)


def find_billed_ms(reply: object) -> int | None:
    """Find how much sound the call is billed for; None where the reply does not say, or says what cannot be."""
    seconds = _read_seconds(_get(_get(reply, "metadata"), "duration"))
    return s_to_ms(seconds) if seconds is not None and seconds >= 0 else None


def find_request_id(reply: object) -> object:
    """Find the request's id; it may be anything."""
    return _get(_get(reply, "metadata"), "request_id")


def _collect(parts: list[object]) -> list[tuple[object, object]]:
    """Pair every word with the utterance or the channel that it belongs to."""
    return [(part, item) for part in parts for item in _list(part, "words")]


def _parse_word(item: object, part: object) -> Word | None:
    text = _get(item, "punctuated_word") or _get(item, "word")
    start_s, end_s = _read_seconds(_get(item, "start")), _read_seconds(_get(item, "end"))
    if not isinstance(text, str) or start_s is None or end_s is None:
        raise UnusableReplyError("with words that have no text or no time")
    text = _clean(text)
    speakers = (_get(item, "speaker"), _get(part, "speaker"))
    return (
        Word(
            text=text,
            start_ms=max(0, s_to_ms(start_s)),
            end_ms=max(0, s_to_ms(end_s)),
            confidence=_read_confidence(_get(item, "confidence")),
            speaker=next(_name_speakers(speakers), "1"),
        )
        if _is_said(text)
        else None
    )


def _clean(text: str) -> str:
    """Leave out what no database and no file takes: control characters and halves of characters."""
    kept = (character for character in text if unicodedata.category(character) not in ("Cs", "Cc"))
    return " ".join("".join(kept).split())


def _is_said(text: object) -> bool:
    return isinstance(text, str) and any(map(str.isalnum, text))


def _name_speakers(numbers: tuple[object, ...]) -> Iterator[str]:
    """Deepgram counts speakers from 0, we from 1."""
    for number in numbers:
        if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < _FEW_WORDS:
            yield str(number + 1)


def _read_confidence(value: object) -> float:
    number = _read_number(value)
    return 1.0 if number is None else min(1.0, max(0.0, number))


def _read_seconds(value: object) -> float | None:
    number = _read_number(value)
    return number if number is not None and abs(number) < _MAX_S else None


def _read_number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _list(node: object, name: str) -> list[object]:
    value = _get(node, name)
    return value if isinstance(value, list) else []


def _get(node: object, name: str) -> Any:
    """Read a field of what may be a model of the SDK's, plain JSON, or nothing of the kind."""
    return node.get(name) if isinstance(node, Mapping) else getattr(node, name, None)
