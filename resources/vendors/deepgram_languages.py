"""The languages that nova-3 recognises, under Deepgram's own codes.

Source: Deepgram's models and languages overview with its changelog up to August 2026, each language as a model of
its own; those that only the multilingual model knows are not here.
"""

from dubbing.errors import UnknownLanguageError, UnsupportedLanguageError
from dubbing.languages import name_language, parse_language

_LIST = """
af ar be bg bn bs ca cs da de de-CH el en en-AU en-GB en-IN en-NZ en-US es es-419 et fa fi fr fr-CA he hi hr hu hy id
it ja ka kn ko lt lv mk mr ms ne nl nl-BE no pa pl pt pt-BR pt-PT ro ru sk sl sr sv ta te th tl tr uk ur vi zh zh-HK
zh-Hans zh-Hant zh-TW
"""

_CODES = frozenset(_LIST.split())

_OTHER_CODES = {"fil": "tl", "nb": "no", "yue": "zh-HK", "cmn": "zh"}
"""Deepgram's code where it is not our tag."""


def get_code(language: str) -> str:
    """Return Deepgram's code for a canonical tag, or for the same language without what it does not tell apart.

    Raises:
        UnsupportedLanguageError: nova-3 does not recognise it.

    >>> get_code("fil"), get_code("en-ZA")
    ('tl', 'en')
    """
    subtags = language.split("-")
    for count in range(len(subtags), 0, -1):
        tag = "-".join(subtags[:count])
        code = _OTHER_CODES.get(tag, tag)
        if code in _CODES:
            return code
    raise UnsupportedLanguageError(f"Deepgram does not recognise {name_language(language)}.")


def find_language(code: str) -> str | None:
    """Find the canonical tag of a code that Deepgram detected; None where it names no language."""
    try:
        return parse_language(code)
    except UnknownLanguageError:
        return None
