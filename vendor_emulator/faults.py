"""Faults on demand: which request goes wrong, and how an answer is spoilt before it goes out.

What only makes sense for one vendor's answer (a line left out, no words) is done where that answer is made.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Literal, get_args

from vendor_emulator.exchanges import Answer, Exchange

Kind = Literal[
    "status",
    "hang",
    "drop",
    "cut",
    "empty",
    "odd",
    "json",
    "silence",
    "short",
    "no_words",
    "bare",
    "missing",
    "doubled",
    "foreign",
    "refusal",
    "incomplete",
    "truncated",
]

WAV_HEADER_BYTES = 44
_SHARE_OF_SHORT = 20


@dataclass
class Fault:
    """What goes wrong, how often, and with which requests.

    Attributes:
        vendor, operation: of the requests it is for; empty for all.
        kind: ``status``: an error in the vendor's own words; ``hang``: nothing but ``delay_s``; ``drop``: the
            connection closes before any answer; ``cut``: it closes after half of the body; ``empty``: no bytes;
            ``odd``: one byte less; ``json``: JSON in place of audio, HTML in place of JSON; ``silence``: samples of
            zero; ``short``: a twentieth of the audio; ``no_words``: nothing heard; ``bare``: ``{}``; of a
            translation's lines one is ``missing``, ``doubled`` or ``foreign``; ``refusal``: the model declines;
            ``incomplete``: the answer hit its limit; ``truncated``: it claims to be complete and breaks off.
        times: how many requests.
        status: of ``status``.
        code: the vendor's own word for the error, where its status has several.
        retry_after: seconds, or a date as HTTP has it; as a header of ``status``.
        delay_s: how long any kind waits first. A client that leaves meanwhile does not stop the vendor: the rest
            happens at once, and is billed.
        match: part of the model, the voice, the target language or the text.
        billed: None as the vendor would: what was answered with 200, and that includes a broken-off answer.
    """

    kind: Kind
    vendor: str = ""
    operation: str = ""
    times: int = 1
    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    code: str | None = None
    retry_after: float | str | None = None
    delay_s: float = 0.0
    match: str = ""
    billed: bool | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"there is no fault {self.kind!r}")

    @property
    def is_answered(self) -> bool:
        """Whether a status of 200 goes out."""
        return self.kind not in ("status", "drop")

    @property
    def is_billed(self) -> bool:
        """Whether the request is on the invoice."""
        return self.is_answered if self.billed is None else self.billed

    def meets(self, exchange: Exchange) -> bool:
        """Say whether it is for this request."""
        return (
            self.times > 0
            and self.vendor in ("", exchange.vendor)
            and self.operation in ("", exchange.operation)
            and (not self.match or any(self.match in word for word in exchange.words))
        )

    def build_headers(self) -> dict[str, str]:
        """Make the header that says when to come back."""
        if self.retry_after is None:
            return {}
        after = self.retry_after
        return {"retry-after": after if isinstance(after, str) else f"{after:g}"}


class Faults:
    """The faults to come, first come first served."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let it happen to the next requests that it meets."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Let nothing more go wrong."""
        with self._lock:
            self._waiting.clear()

    def take(self, exchange: Exchange) -> Fault | None:
        """Give the fault that is this request's, and count it."""
        with self._lock:
            fault = next((waiting for waiting in self._waiting if waiting.meets(exchange)), None)
            if fault is not None:
                fault.times -= 1
            return fault


def spoil(answer: Answer, kind: str) -> Answer:
    """Make of an answer what a fault wants; those that are done elsewhere leave it alone."""
    change = _SPOILERS.get(kind)
    return answer if change is None else change(answer)


def _empty(answer: Answer) -> Answer:
    return replace(answer, body=b"")


def _take_a_byte(answer: Answer) -> Answer:
    return replace(answer, body=answer.body[:-1])


def _swap_type(answer: Answer) -> Answer:
    if answer.is_audio:
        return replace(answer, body=b'{"message": "Internal error"}', media_type="application/json", is_audio=False)
    return replace(answer, body=b"<html><body>Bad gateway</body></html>", media_type="text/html")


def _silence(answer: Answer) -> Answer:
    head, samples = _split(answer)
    return replace(answer, body=head + bytes(len(samples)))


def _shorten(answer: Answer) -> Answer:
    head, samples = _split(answer)
    frames = len(samples) // 2 // _SHARE_OF_SHORT
    return replace(answer, body=head + samples[: 2 * frames])


def _strip(answer: Answer) -> Answer:
    return replace(answer, body=b"{}", media_type="application/json", is_audio=False)


def _split(answer: Answer) -> tuple[bytes, bytes]:
    head_bytes = WAV_HEADER_BYTES if answer.body.startswith(b"RIFF") else 0
    return answer.body[:head_bytes], answer.body[head_bytes:]


_SPOILERS: dict[str, Callable[[Answer], Answer]] = {
    "empty": _empty,
    "odd": _take_a_byte,
    "json": _swap_type,
    "silence": _silence,
    "short": _shorten,
    "bare": _strip,
}
