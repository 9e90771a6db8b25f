"""Putting an answer on the wire, whole or broken off, and closing a connection without one."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from vendor_emulator.exchanges import Answer

_CLOSE = "vendor_emulator.close"
_BLOCK_BYTES = 1 << 14


class ClosableConnections:
    """A layer around the application that lets an answer close its own connection.

    ASGI has no word for that: an application that raises is answered for with a 500. So the server's transport is
    reached for here, through the object that ``send`` belongs to.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] == "http":
            scope[_CLOSE] = send.__self__.transport.close  # type: ignore[attr-defined] # uvicorn's, see above
        await self._app(scope, receive, send)


async def _close(scope: Scope, receive: Receive) -> None:
    scope[_CLOSE]()
    while (await receive())["type"] != "http.disconnect":
        pass


class DroppedResponse(Response):
    """No answer: the connection closes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close."""
        await _close(scope, receive)


class AnswerResponse(Response):
    """An answer as it is, or half of it.

    Args:
        is_cut: close the connection after half of the body.
    """

    def __init__(self, answer: Answer, *, is_cut: bool = False) -> None:
        super().__init__(answer.body, headers=dict(answer.headers), media_type=answer.media_type)
        self._is_cut = is_cut
        if answer.is_audio:
            del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send, in blocks."""
        body = bytes(self.body)
        end = len(body) // 2 if self._is_cut else len(body)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for start in range(0, end, _BLOCK_BYTES):
            block = body[start : min(start + _BLOCK_BYTES, end)]
            await send({"type": "http.response.body", "body": block, "more_body": True})
        if self._is_cut:
            await _close(scope, receive)
        else:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def forget(request: Request, error: Exception) -> Response:
    """Answer a client that left while it was sending; nobody reads it."""
    return DroppedResponse()
