"""The control plane: what a test sets and reads over HTTP, under ``/_emulator``.

``POST faults | latencies | limits | transcripts | translations | mode | prices | accounts | reset``,
``DELETE faults | invoice``, ``GET invoice | statistics | requests``. Nobody is asked for a key: the emulator only
listens on this machine.
"""

from datetime import datetime
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vendor_emulator.faults import Fault
from vendor_emulator.invoice import render_csv
from vendor_emulator.speaking import Mode
from vendor_emulator.stage import Stage

PREFIX = "/_emulator"


class Control:
    """The calls, on the same stage as the vendors."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.routes = [
            Route(f"{PREFIX}/{name}", call, methods=[method])
            for method, name, call in (
                ("POST", "faults", self.add_faults),
                ("DELETE", "faults", self.clear_faults),
                ("POST", "latencies", self.set_latency),
                ("POST", "limits", self.set_limit),
                ("POST", "transcripts", self.script_transcript),
                ("POST", "translations", self.script_translations),
                ("POST", "mode", self.set_mode),
                ("POST", "prices", self.reprice),
                ("POST", "accounts", self.set_account),
                ("POST", "reset", self.reset),
                ("GET", "invoice", self.list_invoice),
                ("DELETE", "invoice", self.clear_invoice),
                ("GET", "statistics", self.describe_statistics),
                ("GET", "requests", self.list_requests),
            )
        ]

    async def add_faults(self, request: Request) -> Response:
        """Take one fault, or a list of them."""
        given = await request.json()
        for fault in [Fault(**one) for one in (given if isinstance(given, list) else [given])]:
            self._stage.faults.add(fault)
        return _done()

    async def clear_faults(self, request: Request) -> Response:
        """Let nothing more go wrong."""
        self._stage.faults.clear()
        return _done()

    async def set_latency(self, request: Request) -> Response:
        """Take ``vendor``, ``operation`` and ``seconds``."""
        given = await request.json()
        self._stage.latencies_s[given["vendor"], given["operation"]] = float(given["seconds"])
        return _done()

    async def set_limit(self, request: Request) -> Response:
        """Take ``vendor``, ``operation`` and ``limit``, null for none."""
        given = await request.json()
        self._stage.limits.set(given["vendor"], given["operation"], given["limit"])
        return _done()

    async def script_transcript(self, request: Request) -> Response:
        """Take ``sha256``, ``language``, ``duration_ms`` and ``words``."""
        self._stage.hearing.script(**await request.json())
        return _done()

    async def script_translations(self, request: Request) -> Response:
        """Take ``target`` and ``texts``: a translation, or versions of it, by text."""
        self._stage.translating.script(**await request.json())
        return _done()

    async def set_mode(self, request: Request) -> Response:
        """Take ``gullible`` (true or false) and ``speaking`` (espeak or tone), either or both."""
        set_mode(self._stage, **await request.json())
        return _done()

    async def reprice(self, request: Request) -> Response:
        """Take ``vendor``, ``model``, ``unit``, ``usd_micros`` and ``per_units``: what it costs from now on."""
        self._stage.invoice.reprice(**await request.json())
        return _done()

    async def set_account(self, request: Request) -> Response:
        """Take ``vendor`` and ``balance_usd_micros`` of Deepgram, or what ElevenLabs' subscription counts."""
        self._stage.accounts.set(**await request.json())
        return _done()

    async def reset(self, request: Request) -> Response:
        """Forget everything that was set and counted."""
        self._stage.reset()
        return _done()

    async def list_invoice(self, request: Request) -> Response:
        """Give the lines, oldest first; of a ``vendor``, ``from`` a time ``to`` another; as JSON, or ``format=csv``."""
        query = request.query_params
        span = (_parse_time(query.get("from")), _parse_time(query.get("to")))
        lines = self._stage.invoice.list_lines(query.get("vendor"), *span)
        if query.get("format") == "csv":
            return Response(render_csv(lines), media_type="text/csv")
        return JSONResponse([line.describe() for line in lines])

    async def clear_invoice(self, request: Request) -> Response:
        """Begin a new invoice."""
        self._stage.invoice.clear()
        return _done()

    async def describe_statistics(self, request: Request) -> Response:
        """Give the counts by vendor and operation."""
        return JSONResponse(self._stage.limits.describe())

    async def list_requests(self, request: Request) -> Response:
        """Give the last requests, oldest first."""
        return JSONResponse(list(self._stage.requests))


def set_mode(stage: Stage, *, gullible: bool | None = None, speaking: Any = None) -> None:
    """Set what is given, and leave the rest."""
    if gullible is not None:
        stage.translating.is_gullible = gullible
    if speaking is not None:
        if speaking not in get_args(Mode):
            raise ValueError(f"there is no mode {speaking!r} of speaking")
        stage.speaking.mode = speaking


def _parse_time(text: str | None) -> datetime | None:
    if text is None:
        return None
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("a time has an offset, or Z")
    return time


def _done() -> Response:
    return JSONResponse({})


async def answer_misuse(request: Request, error: Exception) -> Response:
    """Say what is wrong with a call of the control plane, or that the emulator itself is."""
    if request.url.path.startswith(f"{PREFIX}/"):
        return JSONResponse({"error": f"{type(error).__name__}: {error}"}, status_code=400)
    raise error
