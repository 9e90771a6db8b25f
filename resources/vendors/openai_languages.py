"""The languages that OpenAI's models translate between for a dub: those that a vendor's voice can speak.

OpenAI publishes no list; its models know more languages than these, with a quality that nobody has measured for us.
"""

from dubbing.languages import get_base

_WITH_VOICES = "ar bg cs da de el en es fi fil fr hi hr hu id it ja ko ms nb nl pl pt-BR ro ru sk sv ta tr uk vi zh"
_ONLY_HEARD = "be bn bs ca et fa gu he is kn lt lv mk ml mr no sl sr te th ur"

TARGETS = tuple(_WITH_VOICES.split())
"""Canonical tags. Source: what the voices of Aura-2, Multilingual v2 and Flash v2.5 speak."""

_SOURCES = frozenset(map(get_base, TARGETS)) | frozenset(_ONLY_HEARD.split())
"""A recording may also be in a language that no voice speaks, or that a recogniser calls by another tag."""

_SAME = {"no": "nb"}


def list_targets(source: str) -> tuple[str, ...]:
    """List what ``source`` can be translated into: every other language, or none where the source is not known.

    >>> "pt-BR" in list_targets("en-GB"), list_targets("tlh")
    (True, ())
    """
    base = get_base(source)
    if base not in _SOURCES:
        return ()
    own = _SAME.get(base, base)
    return tuple(tag for tag in TARGETS if get_base(tag) != own)
