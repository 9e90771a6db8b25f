"""Translation by OpenAI's language models: one call for each batch, its answer held to a JSON Schema."""

import hashlib
import json
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from dubbing.engines import Answer
from dubbing.errors import UnsupportedLanguageError, VendorReplyError
from dubbing.languages import find_offered, name_language
from dubbing.translation_batches import Batch, ReplyLine
from dubbing.usage import Usage
from resources.local.sentences import has_words
from resources.vendors import openai_languages
from resources.vendors.openai_client import CONNECT_TIMEOUT_S, OPENAI_URL, READ_TIMEOUT_S, build_client, map_error
from resources.vendors.openai_reply import parse_body, read_receipt, read_text
from resources.vendors.translation_request import build_reply_schema, parse_reply, read_prompt, render_request

if TYPE_CHECKING:
    from openai import OpenAI

Effort = Literal["none", "minimal", "low", "medium", "high"]
"""How long a model thinks before it answers; not every model knows every one."""

REVISION = 1
"""Raised whenever a change here gives another translation of the same text."""

MAX_OUTPUT_TOKENS = 32_768

_READ_TIMEOUT_PER_LINE_S = 5.0
_THINKING_TOKENS = 2_048
_TOKENS_PER_LINE = 32
_TOKENS_PER_CHARACTER = 2
"""Room for the answer: thinking, the JSON around a line, and scripts that are split into many tokens."""

_BYTES_PER_TOKEN = 2
"""Of a request, at the least. Source: English has about 4, other scripts 2 to 3; noise may have fewer."""

_FRAME_TOKENS = 64
"""What the vendor puts around instructions and input."""


class OpenAITranslator:
    """A model of OpenAI; see `dubbing.engines.Translator`.

    Args:
        model: of the Responses API, with structured outputs.
        base_url: where the API is, version included.
        effort: how long the model may think; thinking is billed as output.
        max_parallel: calls for one job at once.
    """

    vendor = "openai"
    max_lines = 8
    follows_instructions = True

    def __init__(
        self,
        api_key: str,
        model: str,
        *,
        base_url: str = OPENAI_URL,
        effort: Effort = "low",
        max_parallel: int = 4,
    ) -> None:
        self.model = model
        self.max_parallel = max_parallel
        self._api_key = api_key
        self._base_url = base_url
        self._effort = effort
        self._schema = build_reply_schema()
        self._digest = hashlib.sha256(f"{read_prompt()}\n{json.dumps(self._schema)}".encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        """Model, instructions and settings."""
        return f"openai/{self.model}@{self._digest}/{self._effort}/r{REVISION}"

    def list_targets(self, source: str) -> tuple[str, ...]:
        """List what ``source`` can be translated into; no call is made."""
        return openai_languages.list_targets(source)

    def estimate_usage(self, batch: Batch) -> Usage:
        """Say what a call will use at most: the answer cannot be longer than it may be, the request hardly."""
        sent = _leave_out_wordless(batch)
        if not sent.lines:
            return {}
        request = f"{read_prompt()}{json.dumps(self._schema)}{render_request(sent)}"
        return {
            "input_tokens": len(request.encode()) // _BYTES_PER_TOKEN + _FRAME_TOKENS,
            "output_tokens": _plan_output_tokens(sent),
        }

    def translate(self, batch: Batch) -> Answer[tuple[ReplyLine, ...]]:
        """Translate a batch with one call; lines without a word come back as they are, and are not sent.

        Raises:
            UnsupportedLanguageError: not this source into this target.
            VendorError: OpenAI did not answer, or refused, or gave what is no translation.
        """
        sent = _leave_out_wordless(replace(batch, target=self._get_target(batch)))
        unsent = tuple(ReplyLine(line.number, line.text) for line in batch.lines if line not in sent.lines)
        if not sent.lines:
            return Answer(unsent)
        content, request_id = self._ask(sent)
        body = parse_body(content)
        receipt = read_receipt(body, request_id)
        text = read_text(body, receipt)
        try:
            return Answer((*parse_reply(text), *unsent), receipt)
        except VendorReplyError as error:
            error.receipt = receipt
            raise

    @cached_property
    def _client(self) -> "OpenAI":
        return build_client(self._api_key, self._base_url)

    def _get_target(self, batch: Batch) -> str:
        offered = self.list_targets(batch.source)
        target = find_offered(batch.target, offered)
        if target is None:
            raise UnsupportedLanguageError(
                f"OpenAI is not used to translate {name_language(batch.source)} into {name_language(batch.target)}; "
                f"it offers {', '.join(offered) or 'nothing'}."
            )
        return target

    def _ask(self, batch: Batch) -> tuple[bytes, str | None]:
        """Make the call; bytes of the answer and the vendor's name for it.

        What the batch says goes into ``input`` alone. ``service_tier`` holds the call to the prices that we know.
        """
        from openai import OpenAIError, Timeout

        read_timeout_s = READ_TIMEOUT_S + _READ_TIMEOUT_PER_LINE_S * len(batch.lines)
        try:
            reply = self._client.responses.with_raw_response.create(
                model=self.model,
                instructions=read_prompt(),
                input=[{"role": "user", "content": render_request(batch)}],
                text={
                    "format": {
                        "type": "json_schema",
                        "name": "translation",
                        "schema": self._schema,
                        "strict": True,
                    }
                },
                reasoning={"effort": self._effort},
                max_output_tokens=_plan_output_tokens(batch),
                store=False,
                service_tier="default",
                prompt_cache_key=f"{self._digest}-{batch.target}",
                timeout=Timeout(read_timeout_s, connect=CONNECT_TIMEOUT_S),
            )
        except OpenAIError as error:
            failure = map_error(error)
        else:
            return reply.content, reply.headers.get("x-request-id")
        raise failure


def _leave_out_wordless(batch: Batch) -> Batch:
    return replace(batch, lines=tuple(line for line in batch.lines if has_words(line.text)))


def _plan_output_tokens(batch: Batch) -> int:
    texts = sum(_TOKENS_PER_LINE + _TOKENS_PER_CHARACTER * len(line.text) for line in batch.lines)
    return min(_THINKING_TOKENS + texts, MAX_OUTPUT_TOKENS)
