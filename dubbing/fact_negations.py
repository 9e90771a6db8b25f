"""A negation that a translation lost: judged only where an English line denies its main verb beyond doubt.

A good translation often says the same thing the other way round ("She isn't here", "Está fuera"), so little is judged:
no negation that is new, no source but English, no question, no command, no idiom, no "is not" before a mere quality.
"""

import re
from collections.abc import Mapping

from dubbing.languages import get_base

MIN_NEGATED_WORDS = 4
"""Shorter lines are often said the other way round ("I don't care"). Source: house rule, from good translations."""

_DENIED = re.compile(
    r"(?<=[a-z] )(?:(?:do|does|did|will|would|should|must|can|could|have|has|had) not|cannot|never"
    r"|(?:do|does|did|wo|would|should|must)n't"
    r"|(?:is|are|was|were) not (?=(?:\w+ly )?\w{2,}(?:ing|ed)\b))\b"
)
"""A verb that is denied, never at the beginning of a sentence, where it is a command or a question. "Can't", "haven't"
and "isn't" are talk, which is turned round freely; "cannot", "have not" and "is not doing" are said to be heard."""

_NOT_JUDGED = re.compile(
    r"\b(?:please|so|and|but|or|just|then|now|why|if|unless|whether|until|till|who|which) (?:\w+ )?"
    r"(?:do|does|did|is|are|can|could|would)(?:n't| not)\b"
    r"|(?:n't| not|never) (?:you|it|he|she|we|they|i|that|there|only|just|exactly|entirely|quite|really|even|"
    r"always|all|every\w*|both|have to|need to|care|mind|worry|matter|bother|forget|hesitate|mention|miss|stop|wait|"
    r"help|stand|resist|complain|blame|believe|get enough|agree more|be (?:better|happier|more|worse)|look|sound|seem|"
    r"say no|give up|know|like|remember|fear|end\w*|too|been (?:so|more|better|happier)|felt (?:so|better)|"
    r"kidding|joking|lying|feeling)\b"
    r"|\b(?:all (?:day|night)|a day over|that way|like that|much|many|enough|more|less|better|longer|until|till|"
    r"unless|if|whether|or not|but|without|anything but|nothing|no one|nobody|no)\b"
)
"""Lines that are often said without a negation: commands, tags, degrees, idioms, two negations in one line."""

_LATIN = (
    r"(?:in|im|il|ir|des|dis|non)(?!\s)\w{4,}|ignor\w*|absen\w*|ausen\w*|mal\w*|odi\w*|haiss\w*|detest\w*|refus\w*|recus\w*|rechaz\w*|rifiut\w*|"
    r"neg\w*|ni(?:e|ent)\w*|evit\w*|prohib\w*|proib\w*|interdi\w*|viet\w*|falt\w*|manqu\w*|manc\w*|contr[aoe]\w*|"
    r"discrep\w*|olvid\w*|oubli\w*|esquec\w*|fals\w*|err\w*|rat\w*|perd\w*|perso|"
    r"sol[oe]|solamente|seul\w*|apenas|so|ni|nulle?\w*|exce[pt]\w*|salvo|sauf|tranne|libre\w*|livre\w*|"
    r"menos|moins|meno|poc[oahi]\w*|pouc\w*|peu|primera vez|premiere fois|prima volta|primeira vez"
)
_NEGATIVE: Mapping[str, re.Pattern[str]] = {
    base: re.compile(words)
    for base, words in {
        "es": rf"\b(?:{_LATIN}|no|nunca|jamas|nadie|nada|sin|ningun\w*|tampoco|demasiado|rara|de\w+ de|call\w*)\b",
        "fr": rf"\b(?:{_LATIN}|ne|non|pas|jamais|rien|personne|aucun\w*|sans|guere|trop|cess\w*|arret\w*|tais\w*|"
        r"empech\w*)\b|\bn'",
        "it": rf"\b(?:{_LATIN}|no|non|mai|niente|nulla|nessun\w*|senza|ne|neanche|nemmeno|neppure|mica|troppo|"
        r"sconosciut\w*|smett\w*|s\w*accordo|dimentic\w*)\b",
        "pt": rf"\b(?:{_LATIN}|nao|nunca|jamais|ninguem|nada|nem|sem|nenhum\w*|tampouco|demais|par\w+ de|deix\w+ de)\b",
        "de": r"\b(?:nicht\w*|nie|niemals|niemand\w*|nirgend\w*|kein\w*|nein|ohne|weder|kaum|nur|ausser|selten|erst|"
        r"un(?!d\b|s\b|ser|ter|ten)\w{4,}|\w+los\w{0,2}|\w+frei\w{0,2}|zu|falsch\w*|gegen|fehl\w*|vermeid\w*|verb[io]\w*|"
        r"weiger\w*|hass\w*|vergess\w*|vergiss\w*|ignorier\w*|verpass\w*|verlier\w*|verl?or\w*|hor\w* auf|wenig\w*)\b",
    }.items()
}
"""What carries a negation in a translation: its words, its prefixes, verbs that deny. Any of it ends the check."""


def find_lost_negation(text: str, told: str, *, source: str, target: str) -> str | None:
    """Find the negation of a folded line that its folded translation surely has not.

    >>> find_lost_negation("i do not agree with it.", "estoy de acuerdo.", source="en", target="es")
    'do not'
    >>> find_lost_negation("she isn't here right now.", "esta fuera.", source="en", target="es") is None
    True
    """
    negative = _NEGATIVE.get(get_base(target))
    is_judged = get_base(source) == "en" and negative is not None and "?" not in text + told
    if not is_judged or negative is None or len(text.split()) < MIN_NEGATED_WORDS or _NOT_JUDGED.search(text):
        return None
    denied = _DENIED.search(text)
    return denied.group() if denied and not negative.search(told) else None
