"""OpenAI's Responses interface, as far as structured translation goes: no tools, no streaming, no conversations.

A prompt of 1024 tokens or more, seen again under the same ``prompt_cache_key``, comes from the cache. A token is four
bytes. Only models with a price for it are charged for writing the cache.
"""

import json
import math
import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vendor_emulator.exchanges import API_KEYS, Answer, Charge, Exchange, RefusalError, Vendor
from vendor_emulator.faults import Fault
from vendor_emulator.invoice import PRICES
from vendor_emulator.openai_document import find_document, is_told_to_disobey, read_input
from vendor_emulator.openai_reply import build_reply, list_lines, list_usage
from vendor_emulator.openai_schema import SchemaError, check_format
from vendor_emulator.stage import Stage, build_refusal
from vendor_emulator.translating import OBEDIENCE

MODELS = frozenset(model for vendor, model in PRICES if vendor == "openai")
REFUSAL = "I can only translate."
CACHE_SHORTEST_TOKENS = 1024
BYTES_PER_TOKEN = 4

_REQUESTS_PER_MINUTE = 10_000
_TOKENS_PER_MINUTE = 2_000_000

_ERRORS: Mapping[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", None, "The request is not valid."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: (
        "invalid_request_error",
        "unsupported_country_region_territory",
        "Country, region, or territory not supported",
    ),
    404: ("invalid_request_error", None, "Not found."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached. Please try again later."),
    503: ("service_unavailable_error", None, "The server is overloaded or not ready yet."),
}
_NO_QUOTA = "You exceeded your current quota, please check your plan and billing details."


class OpenaiApi:
    """The one call, and OpenAI's way to refuse it."""

    vendor: ClassVar[Vendor] = "openai"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.routes = [Route("/v1/responses", self.respond, methods=["POST"])]

    def refuse(self, status: int, request_id: str, code: str | None = None) -> RefusalError:
        """Say an error; see `stage.Wording`."""
        kind, known, message = _ERRORS.get(status, ("server_error", None, "The server had an error; try again."))
        if code == "insufficient_quota":
            kind, message = code, _NO_QUOTA
        headers = {} if status != 429 or code == "insufficient_quota" else {"retry-after-ms": "100"}
        return _refuse(status, message, kind=kind, code=code or known, headers=headers)

    def build_headers(self, exchange: Exchange) -> dict[str, str]:
        """Name the request, and tell what is left of the limits."""
        return {
            "x-request-id": exchange.request_id,
            "openai-processing-ms": "12",
            "openai-version": "2020-10-01",
            "x-ratelimit-limit-requests": str(_REQUESTS_PER_MINUTE),
            "x-ratelimit-limit-tokens": str(_TOKENS_PER_MINUTE),
            "x-ratelimit-remaining-requests": str(_REQUESTS_PER_MINUTE - 1),
            "x-ratelimit-remaining-tokens": str(_TOKENS_PER_MINUTE - CACHE_SHORTEST_TOKENS),
            "x-ratelimit-reset-requests": "6ms",
            "x-ratelimit-reset-tokens": "31ms",
        }

    def build_retry_headers(self, fault: Fault) -> dict[str, str]:
        """Say when to come back, in milliseconds too."""
        headers = fault.build_headers()
        if isinstance(fault.retry_after, int | float):
            headers["retry-after-ms"] = f"{fault.retry_after * 1000:g}"
        return headers

    async def respond(self, request: Request) -> Response:
        """Make a response."""
        request_id = f"req_{secrets.token_hex(16)}"
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None
        self._stage.record(request, self.vendor, "translate", body)
        exchange = Exchange(self.vendor, "translate", request_id, _list_words(body))
        if request.headers.get("authorization") != f"Bearer {API_KEYS['openai']}":
            return build_refusal(self.refuse(401, request_id), self, exchange)

        async def produce(kind: str) -> Answer:
            return await self._respond(_check(body), kind)

        return await self._stage.serve(request, self, exchange, produce)

    async def _respond(self, body: dict[str, Any], kind: str) -> Answer:
        document = find_document(body)
        if document is None or kind == "refusal":
            return self._finish(body, REFUSAL, is_refusal=True)
        if self._stage.translating.is_gullible and is_told_to_disobey(body):
            texts = [OBEDIENCE] * len(document.lines)
        else:
            texts = await run_in_threadpool(
                self._stage.translating.translate, document.lines, source=document.source, target=document.target
            )
        text = json.dumps({"lines": list_lines(document, texts, kind)}, ensure_ascii=False)
        if kind == "truncated":
            text = text[: len(text) // 2]
        return self._finish(body, text, is_incomplete=kind == "incomplete")

    def _finish(
        self, body: dict[str, Any], text: str, *, is_refusal: bool = False, is_incomplete: bool = False
    ) -> Answer:
        most = body.get("max_output_tokens")
        if is_incomplete:
            text = text[: len(text) // 2]
        elif most is not None and count_tokens(text) > most:
            text, is_incomplete = text.encode()[: most * BYTES_PER_TOKEN].decode(errors="ignore"), True
        usage = self._measure(body, text)
        metadata = body.get("metadata") or {}
        reply = build_reply(body, text, usage, is_refusal=is_refusal, is_incomplete=is_incomplete)
        charge = Charge(body["model"], list_usage(usage), metadata.get("job_id"))
        return Answer(json.dumps(reply, ensure_ascii=False).encode(), charge=charge)

    def _measure(self, body: dict[str, Any], text: str) -> dict[str, Any]:
        """Count the tokens: the prompt is cached or not, as a whole."""
        instructions = body.get("instructions") or ""
        prompt_tokens = count_tokens(instructions)
        given = prompt_tokens + count_tokens(read_input(body)) + count_tokens(json.dumps(body.get("text") or {}))
        said = count_tokens(text)
        cached = written = 0
        if prompt_tokens >= CACHE_SHORTEST_TOKENS:
            prompt = (body["model"], instructions, body.get("prompt_cache_key") or "")
            if prompt in self._stage.cached_prompts:
                cached = prompt_tokens
            elif "cache_write_tokens" in PRICES["openai", body["model"]]:
                written = prompt_tokens
            self._stage.cached_prompts.add(prompt)
        return {
            "input_tokens": given,
            "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
            "output_tokens": said,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": given + said,
        }


def count_tokens(text: str) -> int:
    """Count four bytes as a token.

    >>> count_tokens("Olá, mundo")
    3
    """
    return math.ceil(len(text.encode(errors="replace")) / BYTES_PER_TOKEN)


def _list_words(body: Any) -> tuple[str, ...]:
    if not isinstance(body, dict):
        return ()
    return str(body.get("model", "")), read_input(body)


def _check(body: Any) -> dict[str, Any]:
    """Check what the real interface checks before it begins."""
    if not isinstance(body, dict):
        raise _refuse(400, "We could not parse the JSON body of your request.")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise _refuse(400, "Missing required parameter: 'model'.", param="model", code="missing_required_parameter")
    if model not in MODELS:
        message = f"The requested model '{model[:100]}' does not exist."
        raise _refuse(400, message, param="model", code="model_not_found")
    if not isinstance(body.get("input"), str | list):
        raise _refuse(400, "Missing required parameter: 'input'.", param="input", code="missing_required_parameter")
    expected = {"store": bool, "instructions": str, "max_output_tokens": int, "metadata": dict, "prompt_cache_key": str}
    for name, kind in expected.items():
        if body.get(name) is not None and not isinstance(body[name], kind):
            message = f"Invalid type for '{name}': expected {kind.__name__}."
            raise _refuse(400, message, param=name, code="invalid_type")
    if body.get("stream"):
        raise _refuse(400, "Streaming is not served here.", param="stream")
    try:
        check_format(body.get("text"))
    except SchemaError as error:
        raise _refuse(400, str(error), param="text.format.schema", code="invalid_json_schema") from None
    return body


def _refuse(
    status: int,
    message: str,
    *,
    kind: str = "invalid_request_error",
    param: str | None = None,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> RefusalError:
    error = {"message": message, "type": kind, "param": param, "code": code}
    return RefusalError(status, {"error": error}, headers)
