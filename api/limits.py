"""How much a client may send."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 64 * 1024
"""Largest JSON body, bytes: twenty languages with a voice for each of a dozen speakers take a third of it."""


class BodyLimit:
    """Refuses a body that is too long before it is in memory, whatever length it claims.

    Args:
        unlimited_prefix: path below which bodies are streamed and held to a limit of their own.
        larger: most bytes of the bodies of some paths that take more than JSON.
    """

    def __init__(self, app: ASGIApp, unlimited_prefix: str, larger: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._unlimited_prefix = unlimited_prefix
        self._larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what arrives."""
        if scope["type"] != "http" or scope["path"].startswith(self._unlimited_prefix):
            await self._app(scope, receive, send)
            return
        received_bytes, most_bytes = 0, self._larger.get(scope["path"], MAX_BODY_BYTES)

        async def count() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            if received_bytes > most_bytes:
                raise HTTPException(413)
            return message

        await self._app(scope, count, send)
