"""Common spoken phrases that the tiny translation models get wrong, with what they mean.

The models learnt from documents, not from talk: left alone they turn “Thank you.” into “Obrigado por enviar uma
edição.” and “Com licença.” into “With a license.”. Every entry here was seen to fail, alone as a sentence.

Belongs here: whole sentences that mean the same in any context. Does not: vocabulary, names, anything a customer's
glossary should say.
"""

import re

from resources.local.catalogue import ENGLISH_TO_PORTUGUESE, PORTUGUESE_TO_ENGLISH

_PHRASES = {
    ENGLISH_TO_PORTUGUESE: {
        "any questions": "Alguma pergunta",
        "awesome": "Incrível",
        "bye": "Tchau",
        "bye bye": "Tchau, tchau",
        "cheers": "Saúde",
        "congratulations": "Parabéns",
        "cool": "Legal",
        "excuse me": "Com licença",
        "great": "Ótimo",
        "hold on": "Espere",
        "how are you": "Como vai você",
        "i am sorry": "Desculpe",
        "i see": "Entendo",
        "i'm sorry": "Desculpe",
        "ladies and gentlemen": "Senhoras e senhores",
        "listen": "Escute",
        "my pleasure": "O prazer é meu",
        "never mind": "Deixe para lá",
        "nice": "Que bom",
        "nope": "Não",
        "not at all": "De modo algum",
        "of course": "Claro",
        "really": "É mesmo",
        "shut up": "Cale a boca",
        "sorry": "Desculpe",
        "take care": "Cuide-se",
        "thank you": "Obrigado",
        "thank you so much": "Muito obrigado",
        "thank you very much": "Muito obrigado",
        "thanks": "Obrigado",
        "uh-huh": "Aham",
        "well done": "Muito bem",
        "what time is it": "Que horas são",
        "what's up": "E aí",
        "you are welcome": "De nada",
        "you're welcome": "De nada",
    },
    PORTUGUESE_TO_ENGLISH: {
        "até logo": "See you soon",
        "beleza": "All right",
        "com licença": "Excuse me",
        "de nada": "You're welcome",
        "desculpa": "Sorry",
        "desculpe": "Sorry",
        "muito obrigada": "Thank you very much",
        "muito obrigado": "Thank you very much",
        "nossa": "Wow",
        "obrigada": "Thank you",
        "obrigado": "Thank you",
        "obrigado por assistir": "Thank you for watching",
        "oi, tudo bem": "Hi, how are you",
        "ótimo": "Great",
        "pois é": "That's right",
        "por favor": "Please",
        "puxa vida": "Goodness",
        "sim": "Yes",
        "tchau": "Bye",
        "valeu": "Thanks",
    },
}

_REWORDINGS = {
    ENGLISH_TO_PORTUGUESE: (
        re.compile(r"(^|[,;:—–] ?|\b(?:so|and|but|oh|well|okay|ok) )thank you\b", re.I),
        r"\1thanks",
    ),
}
"""Wordings that lead a model astray inside a sentence, and one that it knows. “I want to thank you” is left alone."""

_SENTENCE = re.compile(r"(\W*)(.*?)(\W*)")


def find_phrase(sentence: str, pair: str) -> str | None:
    """Find what a whole sentence means, its own punctuation kept.

    >>> find_phrase("Thank you!", "en-pt")
    'Obrigado!'
    """
    parts = _SENTENCE.fullmatch(sentence)
    if parts is None:
        return None
    before, core, after = parts.groups()
    meaning = _PHRASES[pair].get(core.casefold().replace("’", "'"))
    if meaning is None:
        return None
    return f"{before}{meaning if core[:1].isupper() else meaning.lower()}{after}"


def reword_sentence(sentence: str, pair: str) -> str:
    """Say a sentence in words that the model of a pair knows.

    >>> reword_sentence("Thank you for coming.", "en-pt")
    'Thanks for coming.'
    """
    if pair not in _REWORDINGS:
        return sentence
    pattern, wording = _REWORDINGS[pair]
    reworded = pattern.sub(wording, sentence)
    return reworded[:1].upper() + reworded[1:] if sentence[:1].isupper() else reworded
