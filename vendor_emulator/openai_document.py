"""Finding the product's one JSON document in what a model is sent, and what of it is no data."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vendor_emulator.translating import Line

DISOBEY = "ignore your instructions"

_DATA = frozenset({"text", "previous", "before", "after", "glossary"})
"""Keys of the document whose values are what people said or wrote; a model must not take orders from them."""


@dataclass(frozen=True, slots=True)
class Document:
    """What is to be translated."""

    source: str
    target: str
    lines: tuple[Line, ...]


def find_document(body: dict[str, Any]) -> Document | None:
    """Find the document, if what is sent has one."""
    for text in _iterate_texts(body.get("input")):
        if (found := _parse(text)) is None:
            continue
        try:
            return Document(found["source_language"], found["target_language"], _parse_lines(found["lines"]))
        except (KeyError, TypeError):
            continue
    return None


def is_told_to_disobey(body: dict[str, Any]) -> bool:
    """Look for the order everywhere but in data: instructions, text around the document, keys that are not data."""
    texts = [body.get("instructions") or ""]
    for text in _iterate_texts(body.get("input")):
        found = _parse(text)
        texts.append(text if found is None else json.dumps(_strip(found), ensure_ascii=False))
    return any(DISOBEY in text.lower() for text in texts)


def read_input(body: dict[str, Any]) -> str:
    """Give all that was sent beside the instructions."""
    return "\n".join(_iterate_texts(body.get("input")))


def _iterate_texts(given: Any) -> Iterator[str]:
    if isinstance(given, str):
        yield given
        return
    for item in given if isinstance(given, list) else []:
        content = item.get("content") if isinstance(item, dict) else None
        if isinstance(content, str):
            yield content
        for part in content if isinstance(content, list) else []:
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                yield part["text"]


def _parse(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("lines"), list) else None


def _parse_lines(lines: list[dict[str, Any]]) -> tuple[Line, ...]:
    return tuple(Line(line["id"], line["text"], line.get("max_characters"), line.get("previous")) for line in lines)


def _strip(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _strip(inner) for name, inner in value.items() if name not in _DATA}
    if isinstance(value, list):
        return [_strip(inner) for inner in value]
    return value
