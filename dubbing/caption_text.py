"""Caption text: how wide it is, where it may be broken, and where a break reads best."""

import re
import unicodedata
from collections.abc import Iterator

from dubbing.languages import get_base

MAX_LINES = 2
"""Most lines on screen at once. Source: Netflix Timed Text Style Guide."""

MAX_LINE_COLUMNS = 42
"""Widest line, in columns of one narrow character. Source: Netflix Timed Text Style Guide, 42 characters."""

MAX_LINE_COLUMNS_CJK = {"zh": 32, "yue": 32, "ko": 32, "ja": 26}
"""The same for languages written in full-width characters, two columns each. Source: Netflix Timed Text Style Guide,
16 characters in Chinese and Korean, 13 in Japanese."""

SENTENCE_BREAK, CLAUSE_BREAK, PHRASE_BREAK, PLAIN_BREAK, BAD_BREAK = 0, 1, 3, 6, 10
"""What a break costs: after a sentence, after other punctuation, before a conjunction or preposition, elsewhere, and
after a word that leans on the next. Source: order of the Netflix Timed Text Style Guide; the figures are ours."""

_LEADING_WORDS = {
    "en": "and or but nor so yet because although while if when that which who than as of in on at by for from with "
    "without to into onto about over under between through during before after until since",
    "pt": "e ou mas nem porque pois que se quando enquanto embora como de do da dos das em no na nos nas por pelo pela "
    "para pra com sem sobre sob entre até desde durante após antes depois a ao à aos às",
    "es": "y e o u pero ni porque pues que si cuando mientras aunque como de del en por para con sin sobre entre hasta "
    "desde durante hacia tras antes después a al",
    "fr": "et ou mais ni car donc parce que qui dont si quand lorsque comme de du des en dans par pour avec sans sur "
    "sous entre vers chez depuis pendant avant après à au aux",
    "it": "e ed o ma né perché che se quando mentre come di del della dei delle in nel nella per con senza su sul "
    "sulla tra fra da dal dalla verso fino durante prima dopo a al alla ai alle",
    "de": "und oder aber denn sondern weil dass ob wenn als während obwohl wie in im an am auf aus bei beim mit nach "
    "von vom zu zum zur für ohne durch gegen um über unter vor zwischen seit bis",
}
"""Conjunctions and prepositions: a line may well begin with one, and should not end with one."""

_LEANING_WORDS = {
    "en": "the a an my your his her its our their this these those not very i we they he she",
    "pt": "o os as um uma uns umas meu minha seu sua este esta esse essa não muito eu",
    "es": "el la los las un una unos unas mi tu su este esta ese esa no muy yo se lo",
    "fr": "le la les un une mon ma mes ton ta son sa ses ce cette ces ne pas très je tu il elle on nous vous",
    "it": "il lo la i gli le un uno una mio mia suo sua questo questa non molto si",
    "de": "der die das den dem des ein eine einen einem einer mein meine sein seine ihr ihre nicht sehr ich er sie wir",
}
"""Articles, pronouns and the like: a line should not end with one."""

_LEADING = {language: frozenset(words.split()) for language, words in _LEADING_WORDS.items()}
_LEANING = {language: frozenset(words.split()) | _LEADING[language] for language, words in _LEANING_WORDS.items()}

_BREAKABLE_SPACE = re.compile(r"\s*[^\S\u00a0\u2007\u202f]\s*")
_SENTENCE_END = re.compile(r"[.!?…。！？]+[\"'”’»)\]」』】）]*$")
_CLAUSE_END = re.compile(r"[,;:–—、，；：]+[\"'”’»)\]」』】）]*$")

_UNSPACED = frozenset({"zh", "yue", "ja"})
"""Languages that may break between any two characters, but for the rules below."""

_NEVER_FIRST = frozenset(
    "、。，．！？：；…‥・ー々ゝヽ」』】）〉》〕ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ,.!?:;)]}%％”’"
)
_NEVER_LAST = frozenset("「『【（〈《〔([{“‘¥$￥＄")
_ZERO_WIDTH_JOINER = "\u200d"


def clean_text(text: str) -> str:
    r"""Bring text to the form that captions carry: one line, single spaces, no control characters.

    Non-breaking spaces stay, but for those at the ends.

    >>> clean_text(" Bom\n dia,\x00 Ana. ")
    'Bom dia, Ana.'
    """
    printable = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in {"Cc", "Cs"})
    return _BREAKABLE_SPACE.sub(" ", printable).strip()


def count_characters(text: str) -> int:
    r"""Count the characters a reader sees; combining marks and format characters are not seen apart.

    >>> count_characters("cafe\u0301")
    4
    """
    return sum(not _is_zero_width(character) for character in text)


def measure_columns(text: str) -> int:
    """Measure the width on screen; an East Asian wide character fills two columns.

    >>> measure_columns("日本 ok")
    7
    """
    return sum(
        0 if _is_zero_width(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def get_max_columns(language: str) -> int:
    """Return the widest line of a language, in columns."""
    return MAX_LINE_COLUMNS_CJK.get(get_base(language), MAX_LINE_COLUMNS)


def split_pieces(text: str, language: str) -> Iterator[tuple[str, str]]:
    """Split clean text into pieces that a line break does not part.

    A word too wide for a line is parted all the same, never inside a combining sequence.

    Yields:
        The space in front of a piece, " " or "", and the piece.

    >>> list(split_pieces("Bom dia.", "pt-BR"))
    [('', 'Bom'), (' ', 'dia.')]
    """
    is_unspaced = get_base(language) in _UNSPACED
    for number, word in enumerate(text.split(" ")):
        space = " " if number else ""
        for part in _split_unspaced(word) if is_unspaced else [word]:
            for piece in _split_wide(part, get_max_columns(language)):
                yield space, piece
                space = ""


def rate_break(left: str, right: str, language: str) -> int:
    """Say what it costs to break between two neighbouring pieces, 0 (best) to 10.

    >>> rate_break("casa,", "mas", "pt-BR") < rate_break("casa", "com", "pt-BR") < rate_break("com", "ela", "pt-BR")
    True
    """
    base = get_base(language)
    if _SENTENCE_END.search(left):
        return SENTENCE_BREAK
    if _CLAUSE_END.search(left):
        return CLAUSE_BREAK
    if left.lower() in _LEANING.get(base, ()):
        return BAD_BREAK
    return PHRASE_BREAK if right.lower() in _LEADING.get(base, ()) else PLAIN_BREAK


def _is_zero_width(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "M" or category == "Cf"


def _split_clusters(text: str) -> list[str]:
    """Split into what a reader sees as one character."""
    clusters: list[str] = []
    for character in text:
        if clusters and (_is_zero_width(character) or clusters[-1].endswith(_ZERO_WIDTH_JOINER)):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


def _split_unspaced(word: str) -> list[str]:
    parts: list[str] = []
    for cluster in _split_clusters(word):
        is_latin_run = parts and parts[-1][-1].isascii() and cluster.isascii()
        if parts and (is_latin_run or cluster[0] in _NEVER_FIRST or parts[-1][-1] in _NEVER_LAST):
            parts[-1] += cluster
        else:
            parts.append(cluster)
    return parts


def _split_wide(piece: str, max_columns: int) -> Iterator[str]:
    chunk = ""
    columns = 0
    for cluster in _split_clusters(piece):
        width = measure_columns(cluster)
        if chunk and columns + width > max_columns:
            yield chunk
            chunk, columns = "", 0
        chunk += cluster
        columns += width
    if chunk:
        yield chunk
