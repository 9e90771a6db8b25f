"""The glossary of a job: terms to keep, to translate in one given way, or to read aloud in one given way."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dubbing.errors import InputError
from dubbing.languages import find_offered, parse_language
from dubbing.phrases import find_phrases, replace_phrases
from dubbing.translation_batches import Term

MAX_ENTRIES = 200
"""Most entries of one glossary. Source: house rule; every entry whose term is said goes into a prompt."""

MAX_TERM_CHARACTERS = 100
"""Longest term, translation or pronunciation. Source: house rule; a term is a few words, not a sentence."""

MAX_LANGUAGES = 50
"""Most languages that one entry speaks of. Source: house rule; more than any job may have."""

_FIELDS = frozenset({"term", "keep", "translations", "pronunciations"})
_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]*")


@dataclass(frozen=True, slots=True)
class GlossaryEntry:
    """What is said of one term.

    Attributes:
        term: as it stands in the source.
        keep: the term stays as it is in every language.
        translations: how it is translated, by canonical tag.
        pronunciations: how it is spelt for the voice, by canonical tag.
    """

    term: str
    keep: bool = False
    translations: Mapping[str, str] = field(default_factory=dict)
    pronunciations: Mapping[str, str] = field(default_factory=dict)


Glossary = tuple[GlossaryEntry, ...]


def parse_glossary(raw: Sequence[Mapping[str, Any]]) -> Glossary:
    """Read a glossary from what the caller's JSON holds.

    Returns:
        The entries in order of their terms, whatever order they were given in.

    Raises:
        InputError: what is wrong, with the number of the entry but none of its text.

    >>> parse_glossary([{"term": "take", "translations": {"ES": "toma"}}])[0].translations
    {'es': 'toma'}
    """
    if isinstance(raw, str | bytes | Mapping) or not isinstance(raw, Sequence):
        raise InputError("A glossary is a list of entries, each with a term.")
    if len(raw) > MAX_ENTRIES:
        raise InputError(f"A glossary has at most {MAX_ENTRIES} entries; this one has {len(raw)}.")
    entries = [_parse_entry(item, f"Glossary entry {number}") for number, item in enumerate(raw, start=1)]
    seen: set[str] = set()
    for number, entry in enumerate(entries, start=1):
        key = entry.term.casefold()
        if key in seen:
            raise InputError(f"Glossary entry {number} has a term that an earlier entry has; name each term once.")
        seen.add(key)
    return tuple(sorted(entries, key=lambda entry: (entry.term.casefold(), entry.term)))


def dump_glossary(glossary: Glossary) -> list[dict[str, Any]]:
    """Write a glossary as JSON values; ``parse_glossary`` reads the same glossary again.

    >>> dump_glossary((GlossaryEntry("Dubline", keep=True),))
    [{'term': 'Dubline', 'keep': True}]
    """
    return [_dump_entry(entry) for entry in sorted(glossary, key=lambda entry: (entry.term.casefold(), entry.term))]


def list_terms(glossary: Glossary, text: str, target: str) -> tuple[Term, ...]:
    """List what the glossary wants of the translation of a text.

    A term counts where it stands as whole words and outside a longer term; a tag serves its regions.

    >>> glossary = parse_glossary([{"term": "take", "translations": {"es": "toma"}}])
    >>> list_terms(glossary, "Take two!", "es-419")
    (Term(term='take', wanted='toma'),)
    >>> list_terms(glossary, "A mistake.", "es-419")
    ()
    """
    wanted = {entry.term: _find_wanted(entry, target) for entry in glossary}
    terms = [Term(term, wording) for term, wording in wanted.items() if wording is not None]
    found = find_phrases(text, [term.term for term in terms])
    return tuple(term for term in terms if term.term in found)


def list_key_terms(glossary: Glossary) -> tuple[str, ...]:
    """List the terms, for a recogniser that can be told what to listen for."""
    return tuple(entry.term for entry in glossary)


def apply_pronunciations(text: str, glossary: Glossary, language: str) -> str:
    """Spell the terms of a translated text as they are read aloud; captions keep the text itself.

    >>> glossary = parse_glossary([{"term": "SQL", "pronunciations": {"es": "ese cu ele"}}])
    >>> apply_pronunciations("Usa SQL.", glossary, "es-419")
    'Usa ese cu ele.'
    """
    spoken: dict[str, str] = {}
    for entry in glossary:
        tag = find_offered(language, entry.pronunciations)
        if tag is not None:
            spoken[entry.term] = spoken[_find_wanted(entry, language) or entry.term] = entry.pronunciations[tag]
    return replace_phrases(text, spoken)


def _find_wanted(entry: GlossaryEntry, target: str) -> str | None:
    if entry.keep:
        return entry.term
    tag = find_offered(target, entry.translations)
    return None if tag is None else entry.translations[tag]


def _parse_entry(raw: Any, name: str) -> GlossaryEntry:
    if not isinstance(raw, Mapping) or not raw.keys() <= _FIELDS:
        raise InputError(f"{name} must be an object with no other fields than {', '.join(sorted(_FIELDS))}.")
    term = _parse_text(raw.get("term"), f"{name}: its term")
    keep = raw.get("keep", False)
    if not isinstance(keep, bool):
        raise InputError(f"{name}: keep is true or false.")
    translations = _parse_by_language(raw.get("translations"), f"{name}: translations")
    pronunciations = _parse_by_language(raw.get("pronunciations"), f"{name}: pronunciations")
    if keep and translations:
        raise InputError(f"{name} is both kept and translated; choose one.")
    if not (keep or translations or pronunciations):
        raise InputError(f"{name} says nothing; give keep, translations or pronunciations.")
    return GlossaryEntry(term, keep, translations, pronunciations)


def _parse_by_language(raw: Any, name: str) -> dict[str, str]:
    if raw is None:
        return {}
    if not isinstance(raw, Mapping) or len(raw) > MAX_LANGUAGES:
        raise InputError(f"{name} must be an object of at most {MAX_LANGUAGES} language tags and wordings.")
    parsed: dict[str, str] = {}
    for tag, text in raw.items():
        language = parse_language(tag if isinstance(tag, str) else "")
        if language in parsed:
            raise InputError(f"{name} name one language twice.")
        parsed[language] = _parse_text(text, f"{name}: each wording")
    return dict(sorted(parsed.items()))


def _parse_text(raw: Any, name: str) -> str:
    if not isinstance(raw, str) or len(raw) > MAX_TERM_CHARACTERS or not _ONE_LINE.fullmatch(raw):
        raise InputError(f"{name} must be one line of text of at most {MAX_TERM_CHARACTERS} characters.")
    text = " ".join(unicodedata.normalize("NFC", raw).split())
    if not any(character.isalnum() for character in text):
        raise InputError(f"{name} must have a letter or a digit.")
    return text


def _dump_entry(entry: GlossaryEntry) -> dict[str, Any]:
    dumped: dict[str, Any] = {"term": entry.term}
    if entry.keep:
        dumped["keep"] = True
    for name, texts in (("translations", entry.translations), ("pronunciations", entry.pronunciations)):
        if texts:
            dumped[name] = dict(sorted(texts.items()))
    return dumped
