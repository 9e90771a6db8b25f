"""Text as it is read aloud: short forms spelt out, money and numbers in words the phonemiser gets right.

The phonemiser takes the full stop of “Sr.” for the end of a sentence and reads “1.234” as one, pause, two hundred and
thirty-four; what it gets right by itself is left to it.
"""

import re

from dubbing.languages import get_base
from resources.local.sentences import clean_text

_MARKUP = re.compile(r"</?[A-Za-z][^<>]{0,200}>")

_SHORT_FORMS = {
    "en": {"Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Dr": "Doctor", "Prof": "Professor", "vs": "versus"},
    "pt": {
        "Sr": "senhor",
        "Sra": "senhora",
        "Srta": "senhorita",
        "Dr": "doutor",
        "Dra": "doutora",
        "Prof": "professor",
    },
    "es": {
        "Sr": "señor",
        "Sra": "señora",
        "Srta": "señorita",
        "Dr": "doctor",
        "Dra": "doctora",
        "EE.UU": "Estados Unidos",
    },
    "fr": {"M": "monsieur", "Mme": "madame", "Mlle": "mademoiselle", "Dr": "docteur", "Prof": "professeur"},
    "it": {"Sig": "signor", "Dott": "dottor", "Prof": "professor"},
}

_CURRENCIES = {
    "en": {"$": "dollars", "€": "euros", "£": "pounds", "R$": "reais"},
    "pt": {"$": "dólares", "€": "euros", "£": "libras", "R$": "reais"},
    "es": {"$": "dólares", "€": "euros", "£": "libras", "R$": "reales"},
    "fr": {"$": "dollars", "€": "euros", "£": "livres", "R$": "réals"},
    "it": {"$": "dollari", "€": "euro", "£": "sterline", "R$": "real"},
}
_NUMBER = r"\d+(?:[.,]\d+)*"
_MONEY_BEFORE = re.compile(rf"(?:\bUS ?)?(R\$|[$€£]) ?({_NUMBER})")
_MONEY_AFTER = re.compile(rf"({_NUMBER}) ?(R\$|[$€£])")

_ENGLISH_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_OTHER_THOUSANDS = re.compile(r"(?<=\d)\.(?=\d{3}(?!\d))")
_CLOCK = re.compile(r"(?<=\d):(?=\d\d(?!\d))")

_PICTOGRAMS = re.compile("[\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\ufe0e\ufe0f\U0001f000-\U0001faff]")
"""Arrows, boxes, emoji and what chooses between their forms; signs such as ° and ≤ are not among them."""


def prepare_spoken_text(text: str, language: str) -> str:
    """Write a text the way it is said; the answer has no letter or digit if there is nothing to say.

    >>> prepare_spoken_text("O Sr. Silva pagou R$ 1.234,56 às 15:30. 😀", "pt-BR")
    'O senhor Silva pagou 1234,56 reais às 15 30.'
    """
    base = get_base(language)
    text = _PICTOGRAMS.sub(" ", _MARKUP.sub(" ", clean_text(text)))
    for short, word in _SHORT_FORMS.get(base, {}).items():
        text = re.sub(rf"\b{re.escape(short)}\.(?=\s)", word, text)
    currencies = _CURRENCIES.get(base, {})
    text = _MONEY_BEFORE.sub(lambda money: f"{money[2]} {currencies.get(money[1], money[1])}", text)
    text = _MONEY_AFTER.sub(lambda money: f"{money[1]} {currencies.get(money[2], money[2])}", text)
    text = (_ENGLISH_THOUSANDS if base == "en" else _OTHER_THOUSANDS).sub("", text)
    return " ".join(_CLOCK.sub(" ", text).split())
