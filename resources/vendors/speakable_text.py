"""Text as a vendor's voice may have it: what is said, and nothing that is a command to the model."""

import re

from resources.local.sentences import clean_text

_MARKUP = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
"""The models take some of it for commands, such as a pause, and read the rest aloud."""


def clean_speakable(text: str) -> str:
    """Leave out markup, half characters and what cannot be seen.

    >>> clean_speakable("Hello <break time='3s'/>world")
    'Hello world'
    """
    return " ".join(_MARKUP.sub(" ", clean_text(text)).split())
