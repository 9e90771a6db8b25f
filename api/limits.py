"""How much a client may send."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 64 * 1024
"""Largest JSON body, bytes: twenty languages with a voice for each of a dozen speakers take a third of it."""


class BodyLimit:
    """Refuses a body that is too long before it is in memory, whatever length it claims.

    Args:
        unlimited_prefix: path below which bodies are streamed and held to a limit of their own.
    """

    def __init__(self, app: ASGIApp, unlimited_prefix: str) -> None:
        self._app = app
        self._unlimited_prefix = unlimited_prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what arrives."""
        if scope["type"] != "http" or scope["path"].startswith(self._unlimited_prefix):
            await self._app(scope, receive, send)
            return
        received_bytes = 0

        async def count() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            if received_bytes > MAX_BODY_BYTES:
                raise HTTPException(413)
            return message

        await self._app(scope, count, send)
