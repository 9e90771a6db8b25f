"""Names that a translation should still tell; only those that are surely dropped are found."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from dubbing.fact_words import MONTHS, ORDINALS, WEEKDAYS
from dubbing.languages import get_base
from dubbing.phrases import STEM_LETTERS, fold, is_unspaced, split_folded

ALIKE = 0.55
"""Likeness from which two spellings may be one name. Source: house rule; "Cologne" and "Colonia" measure .71."""

_LATIN_TARGETS = frozenset(
    {"en", "es", "fr", "it", "pt", "de", "nl", "sv", "da", "nb", "no", "fi", "ca", "gl", "ro", "pl", "cs", "sk", "id"}
)
"""Languages in which foreign names keep their letters; those that respell them (Turkish, Latvian …) are left out."""

_CAPITAL_NOUNS = frozenset({"de"})
"""Languages in which a capital does not make a name."""

_WORD = re.compile(r"[^\W_]+(?:['’.&-][^\W_]+)*")
_SENTENCE_EDGE = re.compile(r"[.!?¡¿…:;\"'“”„‘«»()\[\]—–\n*•#♪/-]\s*$")
_CONTRACTION = re.compile(r"['’](?:s|ll|ve|d|m|re|t)$", re.IGNORECASE)
_CAMEL_CASE = re.compile(r"[^\W_]*[a-z][A-Z][^\W_]*|[A-Z]{2,}[a-z]{2,}")
_MIXED_CODE = re.compile(r"(?=[^\W_]*\d)[A-Z]{2,}[^\W_]*")
_CONSONANTS = re.compile(r"[BCDFGHJKLMNPQRSTVWXZ]{4,}")
_TRANSLATED_LETTERS = frozenset({"LGBT", "LGBTQ", "RSVP"})

_TRANSLATED_WORDS = """
    i mr mrs ms miss mister sir madam lady lord dr doctor prof professor captain colonel general major sergeant officer
    detective inspector judge king queen prince princess emperor empress duke duchess count pope saint st father mother
    brother sister dad daddy papa mom mommy mum mummy mama grandma grandpa granny grandfather grandmother aunt auntie
    uncle god lord jesus christ mary virgin devil satan heaven hell bible koran quran gospel church mass christmas
    easter halloween thanksgiving hanukkah ramadan passover lent valentine new old year eve day earth moon sun mars
    venus mercury jupiter saturn neptune internet web net north south east west northern southern eastern western
    central great big little black white red blue green golden united states kingdom union european nations republic
    empire soviet house palace castle tower bridge street avenue road square park garden gate wall river sea ocean lake
    mount mountain mountains island islands bay gulf cape channel canal coast desert valley world war cold civil
    revolution congress senate parliament court supreme federal national international central bank ministry minister
    president vice secretary chancellor governor mayor senator state department office bureau committee council
    commission agency association society institute university college school academy museum library hospital station
    airport company corporation group limited act law constitution treaty league cup olympics olympic games
    championship series season episode chapter part volume book lesson module section unit table figure page english
    french german spanish italian portuguese dutch russian chinese japanese korean arabic hebrew greek latin turkish
    polish swedish danish norwegian finnish czech hungarian american british canadian australian mexican brazilian
    argentine argentinian chilean colombian peruvian indian african asian irish scottish welsh swiss austrian belgian
    ukrainian romanian bulgarian serbian croatian iranian iraqi israeli palestinian syrian egyptian moroccan nigerian
    vietnamese thai catalan basque persian hindi christian christians muslim muslims jew jews jewish catholic catholics
    protestant orthodox buddhist hindu islam islamic roman romans greeks americans europeans germans spaniards russians
    europe africa asia america antarctica arctic atlantic pacific mediterranean caribbean alps germany spain france
    italy england scotland wales ireland britain netherlands holland belgium switzerland austria greece hungary poland
    sweden norway finland denmark iceland croatia serbia turkey egypt morocco algeria ethiopia japan china korea india
    cyprus lebanon jordan philippines ivory london paris cologne munich vienna geneva basel warsaw moscow beijing
    florence venice naples rome milan turin genoa prague copenhagen brussels antwerp ghent bruges the hague athens
    lisbon seville saragossa jerusalem cairo thames danube rhine nile seine tagus everest
    okay ok yes no tv dvd honey sweetheart sweetie baby darling dude buddy boss coach team ladies gentlemen guys folks
    everyone
"""
_TRANSLATED = frozenset([*_TRANSLATED_WORDS.split(), *ORDINALS["en"]])
"""Words that are written like names and are put into the other language's words."""


def list_lost_names(text: str, translation: str, *, source: str, target: str) -> tuple[str, ...]:
    """List names of a source line that have nothing like them in its translation.

    Names with capitals inside, with digits, or of four consonants and more are looked for everywhere; other names only
    inside a sentence, and not where the translation has another name that may be their form in that language.

    >>> list_lost_names("Ask Maria about GitHub.", "Pregunta por eso.", source="en", target="es")
    ('Maria', 'GitHub')
    >>> list_lost_names("We met in London.", "Nos conocimos en Londres.", source="en", target="es")
    ()
    """
    if get_base(target) not in _LATIN_TARGETS or is_unspaced(text) or text.isupper():
        return ()
    said = split_folded(translation)
    joined = "".join(said)
    lost = [name for name in _list_coined(text) if not _is_said(name, said, joined)]
    if get_base(source) in _CAPITAL_NOUNS or _is_title(text):
        return tuple(lost)
    runs = [run for run in _list_runs(text) if not _is_translated(run)]
    known = split_folded(text)
    has_other_name = get_base(target) not in _CAPITAL_NOUNS and any(
        not _is_said(name, known, "") for run in _list_runs(translation) for name in run
    )
    if not has_other_name:
        lost += [" ".join(run) for run in runs if not any(_is_said(name, said, joined) for name in run)]
    return tuple(sorted(dict.fromkeys(lost), key=text.find))


def _list_coined(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        word = _CONTRACTION.sub("", match.group())
        letters = _CONSONANTS.fullmatch(word) and word not in _TRANSLATED_LETTERS
        if letters or _CAMEL_CASE.fullmatch(word) or _MIXED_CODE.fullmatch(word):
            yield word


def _list_runs(text: str) -> list[tuple[str, ...]]:
    """List capitalised words inside sentences; neighbours are one name."""
    runs: list[tuple[str, ...]] = []
    last_end = -1
    for match in _WORD.finditer(text):
        word = _CONTRACTION.sub("", match.group())
        if not (word[0].isupper() and word[1:].islower() and text[: match.start()].strip()):
            continue
        if runs and text[last_end : match.start()] == " ":
            runs[-1] = (*runs[-1], word)
        elif not _SENTENCE_EDGE.search(text[: match.start()]):
            runs.append((word,))
        else:
            continue
        last_end = match.end()
    return runs


def _is_translated(run: tuple[str, ...]) -> bool:
    words = [fold(word) for word in run]
    return max(map(len, words)) < STEM_LETTERS or any(word in _TRANSLATED or word in _CALENDAR for word in words)


def _is_title(text: str) -> bool:
    words = re.findall(r"[^\W\d_]{4,}", text)
    return len(words) >= 3 and 3 * sum(word[0].isupper() for word in words) > 2 * len(words)


def _is_said(name: str, said: list[str], joined: str) -> bool:
    plain = "".join(split_folded(name))
    stem = plain[:STEM_LETTERS]
    return (
        (len(plain) >= STEM_LETTERS and plain in joined)
        or plain in said
        or any(word.startswith(stem) for word in said if len(stem) >= STEM_LETTERS)
        or any(SequenceMatcher(None, plain, word[:50], autojunk=False).ratio() >= ALIKE for word in said if word)
    )


_CALENDAR = frozenset(
    word.rstrip("*")
    for table in (MONTHS, WEEKDAYS)
    for names in table.values()
    for word in " ".join(names.values()).split()
)
