"""Numbers written with thousands marks: the marks change sides between English and the other languages we speak."""

import re

_GROUPED = {
    "en": re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d]|[.,]\d)"),
    "pt": re.compile(r"(?<![\d.,])\d{1,3}(?:\.\d{3})+(?:,\d+)?(?![\d]|[.,]\d)"),
}
_SWAP = str.maketrans(".,", ",.")


def localize_numbers(text: str, source: str) -> str:
    """Write grouped numbers the way of the other language.

    >>> localize_numbers("1,234,567.8 in 2024, 1.5 and 10,20", "en")
    '1.234.567,8 in 2024, 1.5 and 10,20'
    """
    return _GROUPED[source].sub(lambda number: number[0].translate(_SWAP), text)


def repair_numbers(source_text: str, translation: str, source: str) -> str:
    """Write the way of the target those grouped numbers that a translation copied as they were.

    >>> repair_numbers("1,500 m in 3,600 s", "1.500 m em 3,600 s", "en")
    '1.500 m em 3.600 s'
    """
    for number in _GROUPED[source].findall(source_text):
        wanted = number.translate(_SWAP)
        if wanted not in translation:
            translation = translation.replace(number, wanted)
    return translation


def has_lost_number(source_text: str, translation: str, source: str) -> bool:
    """Tell whether a grouped number of the source is not in the translation in its new form.

    >>> has_lost_number("It cost 1,250.00.", "Custou 1.200,00.", "en")
    True
    """
    return any(number.translate(_SWAP) not in translation for number in _GROUPED[source].findall(source_text))
