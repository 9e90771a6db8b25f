"""The course of every request, whichever vendor's: counted, delayed, spoilt, billed, answered."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vendor_emulator.accounts import Accounts
from vendor_emulator.connections import AnswerResponse, DroppedResponse
from vendor_emulator.exchanges import Answer, Charge, Exchange, Operation, RefusalError, Vendor
from vendor_emulator.faults import Fault, Faults, spoil
from vendor_emulator.hearing import Hearing
from vendor_emulator.invoice import Invoice
from vendor_emulator.limits import Limits, TooManyError
from vendor_emulator.speaking import Speaking
from vendor_emulator.translating import Translating

REQUESTS_KEPT = 1000
_LOOK_S = 0.05
"""How often a waiting request looks whether its client is still there."""

_SECRET_HEADERS = frozenset({"authorization", "xi-api-key", "cookie"})

Produce = Callable[[str], Awaitable[Answer]]
"""Makes the answer, spoilt as the kind of fault says where only the vendor's own code can; "" is none."""


class Wording(Protocol):
    """How a vendor says what all of them have to say."""

    def refuse(self, status: int, request_id: str, code: str | None = None) -> RefusalError:
        """Say an error of this status, or of this code where the status has several."""
        ...

    def build_headers(self, exchange: Exchange) -> dict[str, str]:
        """Make the headers that every answer has, errors too."""
        ...

    def build_retry_headers(self, fault: Fault) -> dict[str, str]:
        """Make the headers that say when to come back."""
        ...


class Stage:
    """Everything that the control plane sets and reads."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.limits = Limits()
        self.invoice = Invoice()
        self.accounts = Accounts()
        self.hearing = Hearing()
        self.translating = Translating()
        self.speaking = Speaking()
        self.latencies_s: dict[tuple[Vendor, Operation], float] = {}
        self.cached_prompts: set[tuple[str, str, str]] = set()
        self.requests: deque[dict[str, Any]] = deque(maxlen=REQUESTS_KEPT)

    def reset(self) -> None:
        """Forget everything that was set or counted; readings and transcripts of the local engine stay cached."""
        self.faults.clear()
        self.limits.reset()
        self.invoice.clear()
        self.invoice.restore_prices()
        self.accounts.reset()
        self.hearing.reset()
        self.translating.reset()
        self.speaking.reset()
        self.latencies_s.clear()
        self.cached_prompts.clear()
        self.requests.clear()

    def record(self, request: Request, vendor: Vendor, operation: Operation, body: Any) -> None:
        """Keep a request for tests to look at, without its key."""
        query = request.query_params
        self.requests.append(
            {
                "vendor": vendor,
                "operation": operation,
                "method": request.method,
                "path": request.url.path,
                "query": {name: query.getlist(name) for name in query},
                "body": body,
                "headers": {name: text for name, text in request.headers.items() if name not in _SECRET_HEADERS},
            }
        )

    async def serve(self, request: Request, wording: Wording, exchange: Exchange, produce: Produce) -> Response:
        """Take a request whose key was checked through to its answer."""
        try:
            with self.limits.entered(exchange.vendor, exchange.operation):
                return await self._answer(request, wording, exchange, produce)
        except TooManyError:
            refusal = wording.refuse(429, exchange.request_id)
        except RefusalError as error:
            refusal = error
        return build_refusal(refusal, wording, exchange)

    async def _answer(self, request: Request, wording: Wording, exchange: Exchange, produce: Produce) -> Response:
        fault = self.faults.take(exchange)
        latency_s = self.latencies_s.get((exchange.vendor, exchange.operation), 0.0)
        await _wait(request, latency_s + (fault.delay_s if fault else 0.0))
        if fault is None:
            answer = await produce("")
            self._bill(exchange, answer.charge)
            return AnswerResponse(_add_headers(answer, wording, exchange))
        return await self._fail(fault, wording, exchange, produce)

    async def _fail(self, fault: Fault, wording: Wording, exchange: Exchange, produce: Produce) -> Response:
        if fault.is_answered or fault.is_billed:
            answer = await produce(fault.kind)
            self._bill(exchange, answer.charge if fault.is_billed else None)
        if fault.kind == "drop":
            return DroppedResponse()
        if fault.kind == "status":
            refusal = wording.refuse(fault.status, exchange.request_id, fault.code)
            refusal.headers |= wording.build_retry_headers(fault)
            raise refusal
        spoilt = spoil(_add_headers(answer, wording, exchange), fault.kind)
        return AnswerResponse(spoilt, is_cut=fault.kind == "cut")

    def _bill(self, exchange: Exchange, charge: Charge | None) -> None:
        if charge is not None:
            self.accounts.charge(self.invoice.record(exchange, charge))


def build_refusal(refusal: RefusalError, wording: Wording, exchange: Exchange) -> Response:
    """Put a refusal on the wire."""
    headers = wording.build_headers(exchange) | refusal.headers
    return JSONResponse(refusal.body, status_code=refusal.status, headers=headers)


def _add_headers(answer: Answer, wording: Wording, exchange: Exchange) -> Answer:
    headers = wording.build_headers(exchange) | dict(answer.headers)
    return Answer(answer.body, answer.media_type, headers, answer.charge, answer.is_audio)


async def _wait(request: Request, seconds: float) -> None:
    """Let time pass, until the client leaves at the longest."""
    end = time.monotonic() + seconds
    while (rest_s := end - time.monotonic()) > 0 and not await request.is_disconnected():
        await asyncio.sleep(min(rest_s, _LOOK_S))
