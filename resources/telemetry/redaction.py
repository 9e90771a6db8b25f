"""What a log line may hold, decided for every value before it is written; no socket, no clock, no state.

A field is let through by its name and by its shape: one ASCII word without a space. So no sentence of a customer can be
in one, whoever passes it by mistake. Messages of libraries are text; they lose their secrets and all but their
first line.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Final
from urllib.parse import unquote, urlsplit
from uuid import UUID

from pydantic import SecretStr

from dubbing.errors import DubbingError
from resources.settings import Settings
from resources.telemetry.log_fields import FIELDS

REDACTED: Final = "[redacted]"

LONGEST_MESSAGE = 500
"""Most characters of a message; what is longer is cut."""

LONGEST_WORD = 200
"""Most characters of a field that is text; what is longer is no name or code of ours."""

SHORTEST_SECRET = 6
"""Fewest characters of a configured secret that is looked for: one of two would be found in every line."""

LONGEST_READ = 4 * LONGEST_MESSAGE
"""Most characters of a message that are looked at; looking for secrets in much more would hold up whoever says it."""

MOST_FRAMES = 30
"""Most frames of an error and its causes together, of each those next to its place: so a line mostly stays below what
a pipe takes in one piece, 4096 bytes, where many runs write into the same."""

MOST_CAUSES = 4
"""Most errors of a chain of causes."""

_WORD = re.compile(r"[\w.:/{}@+*\[\]-]+", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_TOKEN = re.compile(r"[^\s\"'<>]+")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_FRAME = re.compile(r'File "([^"\n]+)", line (\d+), in (\S+)')

_JWT = re.compile(r"eyJ[\w-]{4,}\.[\w-]*(?:\.[\w-]*)?", re.ASCII)
_NAMED_KEY = re.compile(r"\b(?:sk|pk|rk|xi|dg|sb)[-_][\w-]{12,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}", re.ASCII)
_LONG_KEY = re.compile(r"[\w-]{40,}", re.ASCII)
_CREDENTIAL = re.compile(r"\b(?:bearer|basic|token)[ :=]{1,3}[\w.~+/=-]{8,}", re.ASCII | re.IGNORECASE)
_NAMED_SECRET = re.compile(
    r"(?:token|secret|password|passwd|signature|api[_-]?key|authorization|credential)s?"
    r"[\"']?[ \t]{0,3}[:=][ \t]{0,3}[\"']?[^\s\"']+",
    re.ASCII | re.IGNORECASE,
)


def list_secrets(settings: Settings) -> frozenset[str]:
    """List what must stand in no line: every secret of the settings, whole and by its parts.

    Parts are the password in an address of a database and what stands behind the names of headers, both as they are
    written and as they are meant.
    """
    given = [value.get_secret_value() for _, value in settings if isinstance(value, SecretStr)]
    parts = {part.partition("=")[2] for value in given for part in value.split(",") if "=" in part}
    passwords = {password for value in given if (password := _find_password(value))}
    return frozenset({*given, *parts, *passwords, *map(unquote, parts | passwords)})


def _find_password(value: str) -> str | None:
    try:
        return urlsplit(value).password if "://" in value else None
    except ValueError:
        return None


def build_scrubber(secrets: Iterable[str]) -> Callable[[str], str]:
    """Build what takes secrets out of a text: those that are given, exactly, and what has the shape of one.

    >>> build_scrubber(["hunter22"])("GET https://u:p@h/x and hunter22 and /v1/store/a?signature=b")
    'GET [redacted] and [redacted] and [redacted]'
    """
    known = sorted({each for each in secrets if len(each) >= SHORTEST_SECRET}, key=len, reverse=True)
    exact = re.compile("|".join(map(re.escape, known))) if known else None

    def scrub(text: str) -> str:
        text = exact.sub(REDACTED, text) if exact is not None else text
        text = _TOKEN.sub(_scrub_token, text)
        for pattern in (_CREDENTIAL, _NAMED_SECRET):
            text = pattern.sub(REDACTED, text)
        return _CONTROL.sub(" ", text)

    return scrub


def _scrub_token(found: re.Match[str]) -> str:
    """Take a secret out of what stands between two spaces."""
    token = found[0]
    _, has_scheme, rest = token.partition("://")
    _, has_query, query = token.partition("?")
    if (has_scheme and "@" in rest) or (has_query and ("=" in query or has_scheme)):
        return REDACTED
    for pattern in (_JWT, _NAMED_KEY):
        token = pattern.sub(REDACTED, token)
    return _LONG_KEY.sub(_scrub_key, token)


def _scrub_key(found: re.Match[str]) -> str:
    text = found[0]
    is_key = any(map(str.isdigit, text)) and any(map(str.isalpha, text)) and not _UUID.search(text)
    return REDACTED if is_key else text


def clean_message(message: str, scrub: Callable[[str], str]) -> str:
    """Keep the first line of a message, without secrets; what follows it is mostly what an error said."""
    first, *_ = message.strip().splitlines() or [""]
    # Where it is cut, the half of a word that is left would not be known for a secret.
    read = first if len(first) <= LONGEST_READ else first[:LONGEST_READ].rpartition(" ")[0] + " …"
    scrubbed = scrub(read)
    return scrubbed if len(scrubbed) <= LONGEST_MESSAGE else scrubbed[: LONGEST_MESSAGE - 1] + "…"


def find_frames(message: str) -> list[str]:
    """Find the frames of an error that a library has written into its message."""
    _, _, rest = message.strip().partition("\n")
    places = [f"{Path(file).stem}:{line} {name}" for file, line, name in _FRAME.findall(rest)]
    return [place for place in places if _WORD.fullmatch(place.replace(" ", ""))][-MOST_FRAMES:]


def clean_fields(fields: Mapping[str, object], scrub: Callable[[str], str]) -> dict[str, object]:
    """Let fields through that are declared and hold a plain value, and count the others."""
    kept: dict[str, object] = {
        name: value for name, given in fields.items() if (value := _clean(name, given, scrub)) is not None
    }
    dropped = sum(1 for name, given in fields.items() if given is not None and name not in kept)
    return kept | ({"dropped": dropped} if dropped else {})


def _clean(name: str, value: object, scrub: Callable[[str], str]) -> str | int | float | None:
    if name not in FIELDS:
        return None
    match value:
        case float():
            return round(value, 3) if math.isfinite(value) else None
        case bool() | int():
            return value
        case str() | UUID() | date():
            text = str(value)
            return scrubbed if len(text) <= LONGEST_WORD and _WORD.fullmatch(scrubbed := scrub(text)) else REDACTED
    return None


def forget_errors(message: str, error: BaseException | None) -> str:
    """Take out of a message what an error and its causes say, which a library may have put into it."""
    for link in _list_causes(error):
        message = message.replace(str(link), type(link).__name__) if str(link) else message
    return message


def describe_error(error: BaseException) -> list[dict[str, object]]:
    """Say of an error and its causes what they are and where they come from; never what they say.

    Their messages hold what a customer sent: a line that cannot be translated, the parameters of a statement.
    """
    links = _list_causes(error)
    return [
        {
            "type": type(link).__name__,
            **({"code": link.code} if isinstance(link, DubbingError) else {}),
            "frames": _list_frames(link.__traceback__, MOST_FRAMES // len(links)),
        }
        for link in links
    ]


def _list_causes(error: BaseException | None) -> list[BaseException]:
    causes: list[BaseException] = []
    while error is not None and len(causes) < MOST_CAUSES:
        causes.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return causes


def _list_frames(trace: TracebackType | None, most: int) -> list[str]:
    frames = []
    while trace is not None:
        frame = trace.tb_frame
        frames.append(f"{frame.f_globals.get('__name__', '?')}:{trace.tb_lineno} {frame.f_code.co_name}")
        trace = trace.tb_next
    return frames[-most:]
