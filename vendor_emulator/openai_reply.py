"""The JSON of a response, as OpenAI writes it, and what of its usage is billed at which price."""

import secrets
import time
from typing import Any

from vendor_emulator.openai_document import Document

_FOREIGN_ID = 987_654


def build_reply(
    body: dict[str, Any], text: str, usage: dict[str, Any], *, is_refusal: bool, is_incomplete: bool
) -> dict[str, Any]:
    """Write the whole answer."""
    status = "incomplete" if is_incomplete else "completed"
    content: dict[str, Any] = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    if is_refusal:
        content = {"type": "refusal", "refusal": text}
    message = {
        "id": f"msg_{secrets.token_hex(24)}",
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": [content],
    }
    return {
        "id": f"resp_{secrets.token_hex(24)}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if is_incomplete else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "model": body["model"],
        "output": [message],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "prompt_cache_key": body.get("prompt_cache_key"),
        "reasoning": {"effort": (body.get("reasoning") or {}).get("effort"), "summary": None},
        "safety_identifier": body.get("safety_identifier"),
        "service_tier": "default",
        "store": body.get("store", True),
        "temperature": 1.0,
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage,
        "metadata": body.get("metadata") or {},
    }


def list_lines(document: Document, texts: list[str], kind: str) -> list[dict[str, Any]]:
    """Pair the lines with their translations, except where a fault wants it otherwise."""
    lines: list[dict[str, Any]] = [
        {"id": line.id, "text": text} for line, text in zip(document.lines, texts, strict=True)
    ]
    match kind:
        case "missing":
            return lines[:-1]
        case "doubled":
            return [*lines, *lines[:1]]
        case "foreign":
            return [*lines, {"id": _FOREIGN_ID, "text": "Nobody asked for this."}]
        case _:
            return lines


def list_usage(usage: dict[str, Any]) -> dict[str, int]:
    """Part the tokens by price."""
    details = usage["input_tokens_details"]
    cached, written = details["cached_tokens"], details["cache_write_tokens"]
    listed = {
        "input_tokens": usage["input_tokens"] - cached - written,
        "cached_input_tokens": cached,
        "output_tokens": usage["output_tokens"],
    }
    return listed | ({"cache_write_tokens": written} if written else {})
