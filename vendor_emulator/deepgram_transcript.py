"""The JSON of a transcription, as Deepgram writes it: seconds, words in small letters, utterances between pauses."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vendor_emulator.hearing import Heard, HeardWord

_MODEL_ID = str(uuid.uuid5(uuid.NAMESPACE_DNS, "nova-3.vendor-emulator"))
_DIARIZER_ID = str(uuid.uuid5(uuid.NAMESPACE_DNS, "diarizer.vendor-emulator"))
_SPEAKER_CONFIDENCE = 0.9
_LANGUAGE_CONFIDENCE = 0.98
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller asked for.

    Attributes:
        language: BCP 47 tag, None to detect it.
    """

    language: str | None
    detects_language: bool
    is_multilingual: bool
    diarizes: bool
    punctuates: bool
    wants_utterances: bool
    wants_paragraphs: bool
    utterance_gap_ms: int
    tags: tuple[str, ...]


def build_reply(heard: Heard, wishes: Wishes, request_id: str, sha256: str, *, has_words: bool) -> dict[str, Any]:
    """Write the whole answer; without words it is what a recording without speech gives."""
    words = heard.words if has_words else ()
    channel: dict[str, Any] = {"alternatives": [_build_alternative(words, wishes)]}
    if wishes.detects_language:
        channel |= {"detected_language": heard.language, "language_confidence": _LANGUAGE_CONFIDENCE}
    results: dict[str, Any] = {"channels": [channel]}
    if wishes.wants_utterances:
        results["utterances"] = [_build_utterance(part, wishes) for part in _split(words, wishes)]
    return {"metadata": _build_metadata(heard, wishes, request_id, sha256), "results": results}


def _build_metadata(heard: Heard, wishes: Wishes, request_id: str, sha256: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "transaction_key": "deprecated",
        "request_id": request_id,
        "sha256": sha256,
        "created": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "duration": heard.duration_ms / 1000,
        "channels": 1,
        "models": [_MODEL_ID],
        "model_info": {_MODEL_ID: {"name": "general-nova-3", "version": "2026-01-01.0", "arch": "nova-3"}},
    }
    if wishes.diarizes:
        metadata["diarize_info"] = {"model_uuid": _DIARIZER_ID, "arch": "diarize"}
    if wishes.tags:
        metadata["tags"] = list(wishes.tags)
    return metadata


def _build_alternative(words: Sequence[HeardWord], wishes: Wishes) -> dict[str, Any]:
    alternative: dict[str, Any] = {
        "transcript": _join(words, wishes),
        "confidence": _average_confidence(words),
        "words": [_build_word(word, wishes) for word in words],
    }
    if wishes.wants_paragraphs:
        parts = _split(words, wishes)
        alternative["paragraphs"] = {
            "transcript": "\n\n".join(_join(part, wishes) for part in parts),
            "paragraphs": [_build_paragraph(part, wishes) for part in parts],
        }
    return alternative


def _build_word(word: HeardWord, wishes: Wishes) -> dict[str, Any]:
    written: dict[str, Any] = {
        "word": _flatten(word.word),
        "start": word.start_ms / 1000,
        "end": word.end_ms / 1000,
        "confidence": word.confidence,
    }
    if wishes.diarizes:
        written |= {"speaker": word.speaker, "speaker_confidence": _SPEAKER_CONFIDENCE}
    if wishes.punctuates:
        written["punctuated_word"] = word.word
    return written


def _build_utterance(words: Sequence[HeardWord], wishes: Wishes) -> dict[str, Any]:
    utterance: dict[str, Any] = {
        "start": words[0].start_ms / 1000,
        "end": words[-1].end_ms / 1000,
        "confidence": _average_confidence(words),
        "channel": 0,
        "transcript": _join(words, wishes),
        "words": [_build_word(word, wishes) for word in words],
        "id": str(uuid.uuid4()),
    }
    if wishes.diarizes:
        utterance["speaker"] = words[0].speaker
    return utterance


def _build_paragraph(words: Sequence[HeardWord], wishes: Wishes) -> dict[str, Any]:
    sentences: list[list[HeardWord]] = [[]]
    for word in words:
        sentences[-1].append(word)
        if word.word.endswith(_SENTENCE_ENDS):
            sentences.append([])
    paragraph: dict[str, Any] = {
        "sentences": [
            {"text": _join(part, wishes), "start": part[0].start_ms / 1000, "end": part[-1].end_ms / 1000}
            for part in sentences
            if part
        ],
        "num_words": len(words),
        "start": words[0].start_ms / 1000,
        "end": words[-1].end_ms / 1000,
    }
    if wishes.diarizes:
        paragraph["speaker"] = words[0].speaker
    return paragraph


def _split(words: Sequence[HeardWord], wishes: Wishes) -> list[list[HeardWord]]:
    """Part the words where nobody speaks for long enough, and where somebody else begins."""
    parts: list[list[HeardWord]] = []
    for word in words:
        last = parts[-1][-1] if parts else None
        if (
            last is None
            or word.start_ms - last.end_ms >= wishes.utterance_gap_ms
            or (wishes.diarizes and word.speaker != last.speaker)
        ):
            parts.append([])
        parts[-1].append(word)
    return parts


def _join(words: Sequence[HeardWord], wishes: Wishes) -> str:
    return " ".join(word.word if wishes.punctuates else _flatten(word.word) for word in words)


def _flatten(word: str) -> str:
    return "".join(character for character in word.lower() if character.isalnum() or character in "'’-") or word


def _average_confidence(words: Sequence[HeardWord]) -> float:
    return round(sum(word.confidence for word in words) / len(words), 6) if words else 0.0
