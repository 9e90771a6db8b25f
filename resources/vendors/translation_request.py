"""The JSON that a language model is asked with and has to answer with; pure, and the same for every vendor of models.

Lines are data from the first to the last byte: they stand in the document as JSON strings, and nowhere else. What the
model makes of the document is said in ``translation_prompt.md``, which no customer's word ever enters.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

from dubbing.errors import ReplyCutShortError, VendorReplyError
from dubbing.translation_batches import Batch, Line, ReplyLine, Term


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class TranslatedLine(_Model):
    """The translation of the line with this id."""

    id: int
    text: str


class TranslationReply(_Model):
    """Every line that was asked for, once."""

    lines: list[TranslatedLine]


def build_reply_schema() -> dict[str, Any]:
    """Build the JSON Schema that a model is held to: everything required, nothing else allowed, at every level."""
    return TranslationReply.model_json_schema()


@cache
def read_prompt() -> str:
    """Read the instructions."""
    return files(__package__).joinpath("translation_prompt.md").read_text(encoding="utf-8")


def render_request(batch: Batch) -> str:
    r"""Write a batch as the JSON document that the prompt describes.

    Half characters (lone surrogates), which no encoding can carry, become U+FFFD.

    >>> render_request(Batch("en", "es", (Line(7, 'Say "hi".', max_characters=12),)))
    '{"source_language":"en","target_language":"es","glossary":[],"before":[],"lines":[{"id":7,"text":"Say \\"hi\\".","max_characters":12}],"after":[]}'
    """  # noqa: E501 (one line is what it is)
    document = {
        "source_language": batch.source,
        "target_language": batch.target,
        "glossary": [_describe_term(term) for term in batch.glossary],
        "before": batch.before,
        "lines": [_describe_line(line) for line in batch.lines],
        "after": batch.after,
    }
    return _mend_surrogates(json.dumps(document, ensure_ascii=False, separators=(",", ":")))


def parse_reply(text: str) -> tuple[ReplyLine, ...]:
    """Read the lines of an answer, in its order; whether they are those asked for is not looked at.

    Raises:
        ReplyCutShortError: the beginning of an answer.
        VendorReplyError: no answer of that form.
    """
    try:
        reply = TranslationReply.model_validate(json.loads(text))
    except ValidationError:
        is_cut_short = False
    except (ValueError, RecursionError):
        is_cut_short = _is_beginning(text)
    else:
        return tuple(ReplyLine(line.id, _mend_surrogates(line.text)) for line in reply.lines)
    if is_cut_short:
        raise ReplyCutShortError("The translation breaks off in the middle; ask for fewer lines at once.")
    raise VendorReplyError("The translation came back in a form that cannot be read; try again.")


def _describe_term(term: Term) -> dict[str, str]:
    if term.wanted == term.term:
        return {"term": term.term, "rule": "keep"}
    return {"term": term.term, "rule": "translate", "as": term.wanted}


def _describe_line(line: Line) -> dict[str, Any]:
    mending = {"previous": line.previous, "problem": line.problem}
    return {
        "id": line.number,
        "text": line.text,
        "max_characters": line.max_characters,
        **{name: words for name, words in mending.items() if words is not None},
    }


def _is_beginning(text: str) -> bool:
    try:
        from_json(text, allow_partial=True)
    except (ValueError, TypeError):  # the latter at half characters
        return False
    return True


def _mend_surrogates(text: str) -> str:
    """Join halves that belong together, and put U+FFFD for each that is alone."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
