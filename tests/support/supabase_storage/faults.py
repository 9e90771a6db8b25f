"""Faults on demand: the next requests fail in a way that a test chooses."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Kind = Literal["status", "garbage", "cut", "drop", "slow"]


@dataclass
class Fault:
    """What goes wrong, how often, and with which requests.

    Attributes:
        kind: ``status``: an error of the server; ``garbage``: 200 with something that is not JSON; ``cut``: the work is
            done, half of the answer arrives; ``drop``: nothing is done, the connection closes after the first block of
            the request; ``slow``: the answer waits.
        path: part of the path of the requests it is for.
    """

    kind: Kind
    times: int = 1
    path: str = ""
    method: str = ""
    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    delay_s: float = 0.0

    def meets(self, scope: Scope) -> bool:
        """Say whether it is for this request."""
        return self.times > 0 and self.path in scope["path"] and self.method in ("", scope["method"])


class ConnectionLostError(Exception):
    """Raised into the server, which then closes the connection."""


class Faults:
    """The list of faults to come, as a layer around the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let it happen to the next requests that it meets."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Let nothing more go wrong."""
        self._waiting.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = next((f for f in self._waiting if f.meets(scope)), None) if scope["type"] == "http" else None
        if fault is None or scope["path"].startswith("/_emulator"):
            return await self._app(scope, receive, send)
        fault.times -= 1
        match fault.kind:
            case "status":
                body = {"statusCode": str(fault.status), "error": "Internal", "message": "Internal Server Error"}
                return await JSONResponse(body, fault.status)(scope, receive, send)
            case "garbage":
                return await HTMLResponse("<html>Bad gateway</html>")(scope, receive, send)
            case "drop":
                await receive()
                raise ConnectionLostError
            case "slow":
                await asyncio.sleep(fault.delay_s)
                return await self._app(scope, receive, send)
            case "cut":
                return await self._app(scope, receive, _cutting(send))


def _cutting(send: Send) -> Send:
    async def half(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            await send({**message, "body": body[: len(body) // 2], "more_body": True})
            raise ConnectionLostError
        await send(message)

    return half
