"""What OpenAI's answer says: first what it costs, then what became of it, then the text.

Read from the bytes and checked here: the package builds its objects unchecked, and its own reading of structured
answers loses the usage of one that is cut off.
"""

import json
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from dubbing.errors import (
    ContentRefusedError,
    RateLimitedError,
    ReplyCutShortError,
    VendorError,
    VendorReplyError,
    VendorUnavailableError,
)
from dubbing.usage import Receipt, Usage
from resources.vendors.openai_client import BUSY, REFUSED, UNAVAILABLE, is_refusal_code
from resources.vendors.vendor_words import describe_refusal

Tokens = Annotated[int, Field(ge=0, le=1_000_000_000)]


class _InputDetails(BaseModel):
    cached_tokens: Tokens = 0
    cache_write_tokens: Tokens = 0


class _Usage(BaseModel):
    input_tokens: Tokens
    output_tokens: Tokens
    input_tokens_details: _InputDetails | None = None


class _Part(BaseModel):
    type: str
    text: str = ""


class _Item(BaseModel):
    type: str
    content: list[_Part] | None = None


class _Failure(BaseModel):
    code: str | None = None


class _Incomplete(BaseModel):
    reason: str | None = None


class _Reply(BaseModel):
    status: str
    error: _Failure | None = None
    incomplete_details: _Incomplete | None = None
    output: list[_Item]

    def list_parts(self) -> list[_Part]:
        """List what the model says; what it thinks is left out."""
        return [part for item in self.output if item.type == "message" for part in item.content or ()]


def parse_body(content: bytes) -> dict[str, Any]:
    """Read a JSON object; anything else is as good as an empty one."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def read_receipt(body: dict[str, Any], request_id: str | None) -> Receipt:
    """Read what the call used; without usage where the answer does not say, or says nonsense."""
    try:
        usage = _Usage.model_validate(body.get("usage"))
    except ValidationError:
        return Receipt(request_id=request_id)
    return Receipt(_split_usage(usage), request_id)


def read_text(body: dict[str, Any], receipt: Receipt) -> str:
    """Return what the model wrote.

    Raises:
        ContentRefusedError: it, or the filter behind it, will not.
        ReplyCutShortError: it was stopped before its end.
        RateLimitedError, VendorUnavailableError: it failed.
        VendorReplyError: no answer.
    """
    try:
        reply = _Reply.model_validate(body)
    except ValidationError:
        reply = _Reply(status="unreadable", output=[])
    problem = _find_problem(reply, receipt)
    if problem is not None:
        problem.vendor_words = describe_refusal(None, *_list_codes(reply))
        raise problem
    return "".join(part.text for part in reply.list_parts() if part.type == "output_text")


def _list_codes(reply: _Reply) -> tuple[str | None, str | None]:
    """List why it failed, and why it is incomplete."""
    failure = reply.error.code if reply.error else None
    return failure, reply.incomplete_details.reason if reply.incomplete_details else None


def _find_problem(reply: _Reply, receipt: Receipt) -> VendorError | None:
    failure, reason = _list_codes(reply)
    is_refused = is_refusal_code(failure) or is_refusal_code(reason)
    if is_refused or any(part.type == "refusal" for part in reply.list_parts()):
        return ContentRefusedError(REFUSED, receipt=receipt)
    if reply.status == "failed":
        kind = RateLimitedError if failure == "rate_limit_exceeded" else VendorUnavailableError
        message = BUSY if kind is RateLimitedError else UNAVAILABLE
        return kind(message, receipt=receipt if receipt.usage else None)
    if reply.status == "incomplete":
        return ReplyCutShortError("OpenAI stopped before the end; ask for fewer lines at once.", receipt=receipt)
    if reply.status != "completed":
        return VendorReplyError("OpenAI gave an answer that cannot be read; try again.", receipt=receipt)
    return None


def _split_usage(usage: _Usage) -> Usage:
    """Part the input by price: read from the cache, written to it, neither.

    ``input_tokens`` of the reply holds all three. Source: OpenAI's guide to prompt caching; from GPT-5.6 on writing is
    dearer than plain input, earlier models do not report it. Thinking is part of the output already.
    """
    details = usage.input_tokens_details or _InputDetails()
    quantities = {
        "input_tokens": max(0, usage.input_tokens - details.cached_tokens - details.cache_write_tokens),
        "cached_input_tokens": details.cached_tokens,
        "cache_write_tokens": details.cache_write_tokens,
        "output_tokens": usage.output_tokens,
    }
    return {unit: quantity for unit, quantity in quantities.items() if quantity}
