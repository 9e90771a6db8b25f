"""The words that all three vendors share: a request being served, what it is answered, what it is billed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Vendor = Literal["deepgram", "openai", "elevenlabs"]
Operation = Literal["recognize", "translate", "synthesize", "voices", "account"]

API_KEYS: Mapping[Vendor, str] = {
    "deepgram": "emulated-deepgram-key",
    "openai": "sk-emulated-openai-key",
    "elevenlabs": "sk_emulated_elevenlabs_key",
}
"""The only keys that are let in; they open nothing else."""


class RefusalError(Exception):
    """An answer that ends the request, in the vendor's own words.

    Attributes:
        body: of the answer, before JSON.
        headers: beyond those that every answer has.
    """

    def __init__(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request on its way.

    Attributes:
        request_id: the vendor's own name for it.
        words: model, voice, target language and text: what the ``match`` of a fault is looked for in.
    """

    vendor: Vendor
    operation: Operation
    request_id: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Charge:
    """What the vendor bills for an answer.

    Attributes:
        model: by its name in the price table.
        usage: quantity by unit.
        tag: the customer's own, by which a bill is told apart.
    """

    model: str
    usage: Mapping[str, int]
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out with status 200.

    Attributes:
        is_audio: raw samples; sent in blocks and without a length, as a vendor that still speaks would.
    """

    body: bytes
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    charge: Charge | None = None
    is_audio: bool = False
