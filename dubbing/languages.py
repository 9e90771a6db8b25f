"""Languages as canonical BCP 47 tags.

A vendor's own codes stay in that vendor's file; everything else speaks the tags made here.
"""

from collections.abc import Iterable, Sequence

import langcodes

from dubbing.errors import UnknownLanguageError, UnsupportedLanguageError


def parse_language(tag: str) -> str:
    """Bring a language tag to its canonical form.

    Raises:
        UnknownLanguageError: not the tag of a language that exists.

    >>> parse_language("pt_br")
    'pt-BR'
    """
    try:
        language = langcodes.get(tag.strip())
        known = language.is_valid() and language.language_name() and not language.language_name().startswith("Unknown")
    except (LookupError, ValueError):
        known = False
    if not known:
        raise UnknownLanguageError(f"“{_shorten(tag)}” is not a language tag; use BCP 47 tags such as en, es or pt-BR.")
    return str(language.to_tag())


def name_language(tag: str) -> str:
    """Name a language in English.

    >>> name_language("pt-BR")
    'Portuguese (Brazil)'
    """
    return str(langcodes.get(tag).display_name())


def get_base(tag: str) -> str:
    """Return the language without script and region.

    >>> get_base("pt-BR")
    'pt'
    """
    return tag.split("-", 1)[0]


def get_iso_639_2(tag: str) -> str:
    """Return the three-letter bibliographic code that media containers carry.

    >>> get_iso_639_2("fr")
    'fre'
    """
    return str(langcodes.get(tag).to_alpha3(variant="B"))


def find_offered(wanted: str, offered: Iterable[str]) -> str | None:
    """Find the offered tag that serves a wanted one: the same tag, else one of the same language.

    A region is only given up or gained where the language has a single form on offer.

    >>> find_offered("pt", ["en", "pt-BR"])
    'pt-BR'
    >>> find_offered("pt-PT", ["pt-BR"]) is None
    True
    """
    tags = tuple(offered)
    if wanted in tags:
        return wanted
    related = [
        tag
        for tag in tags
        if get_base(tag) == get_base(wanted) and (tag == get_base(tag) or wanted == get_base(wanted))
    ]
    return related[0] if len(related) == 1 else None


def plan_targets(wanted: Sequence[str], offered: Sequence[str], *, source: str | None) -> tuple[str, ...]:
    """Choose the tags to dub into, or refuse before any work is done.

    Args:
        wanted: tags as typed; repeats are dropped, order is kept.
        offered: canonical tags that the engines serve now.
        source: canonical tag of the recording where it is known.

    Raises:
        UnknownLanguageError: a tag of no language.
        UnsupportedLanguageError: a target that is not offered, or the source itself; says what is offered.
    """
    targets: list[str] = []
    for tag in map(parse_language, wanted):
        target = find_offered(tag, offered)
        if source is not None and get_base(tag) == get_base(source):
            raise UnsupportedLanguageError(
                f"The recording is already in {name_language(source)}; choose another target."
            )
        if target is None:
            raise UnsupportedLanguageError(
                f"The engine cannot dub into {name_language(tag)} ({tag}) here; "
                f"it offers {', '.join(offered) or 'nothing'}."
            )
        targets.append(target)
    if not targets:
        raise UnsupportedLanguageError(f"Name at least one target language; the engine offers {', '.join(offered)}.")
    return tuple(dict.fromkeys(targets))


def _shorten(text: str) -> str:
    return text if len(text) <= 20 else text[:20] + "…"
