r"""Caption files: cues to SubRip and WebVTT and back.

Layout and time codes are pysubs2's. Our text is customers' text, so nothing in it may act as markup: neither in a
player nor in pysubs2, which reads ``\N``, ``{\p1}``, two times in one line and a number at the end of a cue as its
own. Such characters are swapped for control characters while pysubs2 works; `clean_text` leaves none in any text.

Text is stored in the order it is read; which way a line runs is said by invisible characters at its ends:

- SubRip says nothing of direction. Players lay a line out from left to right (VLC) or by its first letter (mpv), and so
  put the full stop of an Arabic sentence at its wrong end, or turn around one that begins with a Latin word. Embedding
  each line, U+202B to U+202C, comes out right in both, and is what subtitle editors write.
- WebVTT lays out each line by its first letter. A mark of direction in front, U+200F, is that first letter.
- Elsewhere a line that begins with a letter of the other direction gets the mark U+200E, in both formats.

Voices are not tagged in WebVTT: a label such as "Speaker 1" tells viewers nothing, and some players print the tag.
"""

import html
import re
from collections.abc import Callable, Sequence

import pysubs2

from dubbing.caption_text import clean_text, find_direction
from dubbing.captions import Cue

_SHIELD = str.maketrans("\\{:", "\x0e\x0f\x10")
_UNSHIELD = str.maketrans("\x0e\x0f\x10", "\\{:")

_NUMBER_TO_STRIP = "\n\n0\n"
"""pysubs2 takes a bare number at the end of a cue for the next cue's; the last cue gets one that may go."""

_LEFT_TO_RIGHT_MARK, _RIGHT_TO_LEFT_MARK = "\u200e", "\u200f"
_MARKS = (_LEFT_TO_RIGHT_MARK, _RIGHT_TO_LEFT_MARK)
_EMBEDDING, _END_OF_EMBEDDING = "\u202b", "\u202c"

_WORD_JOINER = "\u2060"
_RISKY_IN_SRT = {"<": " *[A-Za-z/!]", "{": r"[\\A-Za-z]", "\\": "[Nnh]", "&": r"#?\w+;", "--": ">"}
"""What begins a tag, an override, a line break, an entity and an arrow, and what makes it one when it follows."""

_ESCAPABLE = re.compile("|".join(f"{re.escape(a)}(?={_WORD_JOINER}*{b})" for a, b in _RISKY_IN_SRT.items()))
_ESCAPED = re.compile("|".join(f"{re.escape(a)}{_WORD_JOINER}(?={_WORD_JOINER}*{b})" for a, b in _RISKY_IN_SRT.items()))


def render_srt(cues: Sequence[Cue], *, right_to_left: bool = False) -> str:
    """Write cues as SubRip.

    SubRip has no escapes, and players take tags, overrides and entities out of the text. An invisible word joiner
    after the first character of what looks like one makes it plain text, as ffmpeg does in its own conversions;
    `parse_srt` takes it out again, and what says the direction too.

    Args:
        cues: in order; text beyond what `clean_text` leaves is not written, nor is a cue without text.
        right_to_left: whether the language is written so.
    """
    direct = _embed if right_to_left else _mark_left_to_right
    return _render(cues, "srt", lambda line: direct(_escape_srt(line)))


def parse_srt(document: str) -> tuple[Cue, ...]:
    """Read what `render_srt` wrote.

    >>> cues = (Cue(0, 1000, ("Tom & <b>Jerry</b>", "--> 2")),)
    >>> parse_srt(render_srt(cues)) == cues
    True
    """
    return _parse(document, "srt", lambda line: _unescape_srt(_take_off_direction(line)))


def render_vtt(cues: Sequence[Cue], *, right_to_left: bool = False) -> str:
    """Write cues as WebVTT, its special characters escaped as the format says.

    Args:
        cues: in order; text beyond what `clean_text` leaves is not written, nor is a cue without text.
        right_to_left: whether the language is written so.
    """
    direct = _mark_right_to_left if right_to_left else _mark_left_to_right
    return _render(cues, "vtt", lambda line: html.escape(direct(line), quote=False))


def parse_vtt(document: str) -> tuple[Cue, ...]:
    """Read what `render_vtt` wrote.

    >>> cues = (Cue(0, 1000, ("Tom & <b>Jerry</b>", "--> 2")),)
    >>> parse_vtt(render_vtt(cues)) == cues
    True
    """
    return _parse(document, "vtt", lambda line: _take_off_direction(html.unescape(line)))


def _render(cues: Sequence[Cue], format_: str, escape: Callable[[str], str]) -> str:
    document = pysubs2.SSAFile()
    for cue in cues:
        lines = [escape(line).translate(_SHIELD) for line in map(clean_text, cue.lines) if line]
        if lines:
            document.append(pysubs2.SSAEvent(start=cue.start_ms, end=cue.end_ms, text=r"\N".join(lines)))
    return document.to_string(format_, keep_ssa_tags=True, apply_styles=False).translate(_UNSHIELD)


def _parse(document: str, format_: str, unescape: Callable[[str], str]) -> tuple[Cue, ...]:
    rows = document.replace("\r\n", "\n").split("\n")
    shielded = "\n".join(row if "-->" in row else row.translate(_SHIELD) for row in rows)
    events = pysubs2.SSAFile.from_string(shielded + _NUMBER_TO_STRIP, format_, keep_html_tags=True)
    return tuple(
        Cue(event.start, event.end, tuple(unescape(line.translate(_UNSHIELD)) for line in event.text.split(r"\N")))
        for event in events
    )


def _escape_srt(line: str) -> str:
    return _ESCAPABLE.sub(rf"\g<0>{_WORD_JOINER}", line)


def _unescape_srt(line: str) -> str:
    return _ESCAPED.sub(lambda match: match[0].removesuffix(_WORD_JOINER), line)


def _embed(line: str) -> str:
    return f"{_EMBEDDING}{line}{_END_OF_EMBEDDING}"


def _mark_right_to_left(line: str) -> str:
    return _RIGHT_TO_LEFT_MARK + line


def _mark_left_to_right(line: str) -> str:
    """Mark a line where that is needed; one that has a mark of its own gets it twice, so that one may be taken off."""
    if line.startswith(_MARKS):
        return line[0] + line
    return _LEFT_TO_RIGHT_MARK + line if find_direction(line) == "rtl" else line


def _take_off_direction(line: str) -> str:
    if line.startswith(_EMBEDDING):
        return line.removeprefix(_EMBEDDING).removesuffix(_END_OF_EMBEDDING)
    return line[1:] if line.startswith(_MARKS) else line
