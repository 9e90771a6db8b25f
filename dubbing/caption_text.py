"""Caption text: how wide it is, which way it runs, where it may be broken, and where a break reads best."""

import re
import unicodedata
from collections.abc import Iterator

import langcodes

from dubbing.languages import get_base

MAX_LINES = 2
"""Most lines on screen at once. Source: Netflix Timed Text Style Guide."""

MAX_LINE_COLUMNS = 42
"""Widest line, in columns of one narrow character. Source: Netflix Timed Text Style Guide, 42 characters."""

MAX_LINE_COLUMNS_CJK = {"zh": 32, "yue": 32, "ko": 32, "ja": 26}
"""The same for languages written in full-width characters, two columns each. Source: Netflix Timed Text Style Guide,
16 characters in Chinese and Korean, 13 in Japanese."""

SPEAKER_MARK = "-"
"""What a speaker's words begin with where a cue holds those of two. Source: Netflix Timed Text Style Guide, dual
speakers: a hyphen without a space, at most one speaker a line."""

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
    "ar": "أو ثم لكن لأن إذا عندما بينما حيث التي الذي في من إلى على عن مع بعد قبل حتى منذ خلال بين",
    "he": "או אבל כי אם כאשר אשר של על עם אל מן בין אחרי לפני עד בגלל למען",
    "fa": "و یا اما که اگر وقتی چون در از به با برای تا بر بین",
    "ur": "اور یا لیکن مگر کہ اگر جب کیونکہ جو",
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
_SENTENCE_END = re.compile(r"[.!?…。！？؟۔।॥։።။]+[\"'”’»)\]」』】）]*$")
_CLAUSE_END = re.compile(r"[,;:–—、，；：،؛፣၊]+[\"'”’»)\]」』】）]*$")

_UNSPACED = frozenset({"zh", "yue", "ja"})
"""Languages that may break between any two characters, but for the rules below."""

_NEVER_FIRST = frozenset(
    "、。，．！？：；…‥・ー々ゝヽ」』】）〉》〕ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ,.!?:;)]}%％”’"
)
_NEVER_LAST = frozenset("「『【（〈《〔([{“‘¥$￥＄")
_ZERO_WIDTH_JOINER = "\u200d"
_PICTURE_SELECTOR = "\ufe0f"
_VOWELS_BEFORE = frozenset("เแโใไເແໂໃໄ")
_VOWELS_AFTER = frozenset("ะาำๅๆฯະາຳຽໆຯ")
"""Thai and Lao vowels that are characters of their own and yet belong to the consonant after or before them."""

_VIRAMA = 9
"""Combining class of the signs that tie a consonant to the next, in the scripts of India and South East Asia."""

_DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates. They come in pairs, which a line break would part, and an override turns the
text of others around; captions set the direction of each line themselves."""

_RIGHT_TO_LEFT_SCRIPTS = frozenset({"Adlm", "Arab", "Aran", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"})


def clean_text(text: str) -> str:
    r"""Bring text to the form that captions carry: one line, single spaces, no control characters.

    Controls are those of Unicode's category and those of direction that work in pairs; the marks that act alone stay,
    and so do non-breaking spaces, but for those at the ends. Where nothing is to be seen there is no text.

    >>> clean_text(" Bom\n dia,\x00 Ana. ")
    'Bom dia, Ana.'
    """
    printable = "".join(c for c in text if c.isspace() or not _is_control(c))
    clean = _BREAKABLE_SPACE.sub(" ", printable).strip()
    return clean if any(_is_visible(c) for c in clean) else ""


def count_characters(text: str) -> int:
    r"""Count the characters a reader sees: combining marks and format characters are not seen apart, nor are the parts
    of an emoji or of a flag.

    >>> count_characters("cafe\u0301"), count_characters("👩‍👩‍👧!")
    (4, 2)
    """
    return len(text) if text.isascii() else sum(not _is_zero_width(unit[0]) for unit in _split_units(text))


def measure_columns(text: str, language: str = "") -> int:
    """Measure the width on screen; an East Asian wide character and an emoji fill two columns.

    Args:
        language: of the line, canonical: what Unicode leaves open, such as “ and …, is wide in Chinese and Japanese.

    >>> measure_columns("日本 ok"), measure_columns("“好…”", "zh")
    (7, 8)
    """
    if text.isascii():
        return len(text)
    wide = "WFA" if get_base(language) in _UNSPACED else "WF"
    return sum(_measure_unit(unit, wide) for unit in _split_units(text))


def is_right_to_left(language: str) -> bool:
    """Tell whether a language is written from right to left, by its script: given in its tag, or its usual one.

    >>> is_right_to_left("he"), is_right_to_left("ur-IN"), is_right_to_left("pt-BR")
    (True, True, False)
    """
    return langcodes.get(language).maximize().script in _RIGHT_TO_LEFT_SCRIPTS


def find_direction(text: str) -> str | None:
    """Find which way text runs by its first letter, as players do: "ltr", "rtl" or None where it has no letter.

    >>> find_direction("2 ש״ח"), find_direction("(GPS)"), find_direction("12:30")
    ('rtl', 'ltr', None)
    """
    for character in text:
        if (kind := unicodedata.bidirectional(character)) in {"R", "AL"}:
            return "rtl"
        if kind == "L":
            return "ltr"
    return None


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
            for piece in _split_wide(part, language):
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


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"} or character in _DIRECTION_CONTROLS


def _is_visible(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character) != "Cf"


def _is_zero_width(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "M" or category == "Cf"


def _split_units(text: str) -> list[str]:
    """Split into what a reader sees as one character."""
    units: list[str] = []
    for character in text:
        if units and _continues(units[-1], character):
            units[-1] += character
        else:
            units.append(character)
    return units


def _continues(unit: str, character: str) -> bool:
    if _is_zero_width(character) or "\U0001f3fb" <= character <= "\U0001f3ff":  # colours of skin
        return True
    if unit[-1] == _ZERO_WIDTH_JOINER:  # joins pictures; between letters it only shapes them
        return unicodedata.category(character) == "So"
    return len(unit) == 1 and _is_flag_letter(unit) and _is_flag_letter(character)


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _measure_unit(unit: str, wide: str) -> int:
    if _is_zero_width(unit[0]):
        return 0
    is_wide = unicodedata.east_asian_width(unit[0]) in wide or _PICTURE_SELECTOR in unit or _is_flag_letter(unit[0])
    return 2 if is_wide else 1


def _split_clusters(text: str) -> list[str]:
    """Split into what no line break may part: characters as readers see them, and those that lean on another."""
    clusters: list[str] = []
    for unit in _split_units(text):
        if clusters and _leans(clusters[-1][-1], unit[0]):
            clusters[-1] += unit
        else:
            clusters.append(unit)
    return clusters


def _leans(before: str, after: str) -> bool:
    if before == _ZERO_WIDTH_JOINER or before in _VOWELS_BEFORE or after in _VOWELS_AFTER:
        return True
    return unicodedata.combining(before) == _VIRAMA and after.isalpha()


def _split_unspaced(word: str) -> list[str]:
    parts: list[str] = []
    for cluster in _split_clusters(word):
        is_latin_run = parts and parts[-1][-1].isascii() and cluster.isascii()
        if parts and (is_latin_run or cluster[0] in _NEVER_FIRST or parts[-1][-1] in _NEVER_LAST):
            parts[-1] += cluster
        else:
            parts.append(cluster)
    return parts


def _split_wide(piece: str, language: str) -> Iterator[str]:
    max_columns = get_max_columns(language)
    if measure_columns(piece, language) <= max_columns:
        yield piece
        return
    chunk = ""
    columns = 0
    for part in _split_to_fit(piece, language):
        width = measure_columns(part, language)
        if chunk and columns + width > max_columns:
            yield chunk
            chunk, columns = "", 0
        chunk += part
        columns += width
    yield chunk


def _split_to_fit(piece: str, language: str) -> Iterator[str]:
    """Split into clusters, and one that is itself wider than a line into what a reader sees as characters."""
    for cluster in _split_clusters(piece):
        if measure_columns(cluster, language) > get_max_columns(language):
            yield from _split_units(cluster)
        else:
            yield cluster
