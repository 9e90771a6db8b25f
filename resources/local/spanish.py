"""What Spanish spelling asks for and Apertium leaves out: the opening marks of questions and exclamations."""

import re

_BOUNDARIES = re.escape('?!¿¡…“”«»()"')
_CALL = re.compile(rf"(?:^|(?<=[{_BOUNDARIES}]))([^{_BOUNDARIES}]+)([?!]+)")
_OPENING = {"?": "¿", "!": "¡"}


def add_opening_marks(text: str) -> str:
    """Open every question and exclamation that is only closed.

    >>> add_opening_marks("Qué hora es? ¡Vamos! “Sí?”, dijo.")
    '¿Qué hora es? ¡Vamos! “¿Sí?”, dijo.'
    """

    def open_call(call: re.Match[str]) -> str:
        stretch, marks = call.groups()
        is_open = call.start() > 0 and text[call.start() - 1] in _OPENING.values()
        if is_open or not any(map(str.isalnum, stretch)):
            return call[0]
        spoken = stretch.lstrip(" -–—,;:.")
        lead = stretch[: len(stretch) - len(spoken)]
        return f"{lead}{_OPENING[marks[0]]}{spoken}{marks}"

    return _CALL.sub(open_call, text)
