"""A recording on its way to be recognised: sent by the caller, or downloaded from where the caller says."""

import hashlib
from pathlib import Path

import httpx
from starlette.requests import Request

from vendor_emulator.deepgram_errors import refuse_address

_DOWNLOAD_TIMEOUT_S = 60


class Recording:
    """The bytes to be recognised, in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sha256 = ""

    async def receive(self, request: Request) -> None:
        """Take the body of a request."""
        digest = hashlib.sha256()
        with self.path.open("wb") as out:
            async for block in request.stream():
                digest.update(block)
                out.write(block)
        self.sha256 = digest.hexdigest()

    async def download(self, address: str, request_id: str) -> None:
        """Take what lies behind an address."""
        digest = hashlib.sha256()
        try:
            async with (
                httpx.AsyncClient(follow_redirects=True, timeout=_DOWNLOAD_TIMEOUT_S) as client,
                client.stream("GET", address) as response,
            ):
                if response.is_error:
                    phrase = f"{response.status_code} {response.reason_phrase}"
                    raise refuse_address(request_id, f"returned a client error: {phrase}")
                with self.path.open("wb") as out:
                    async for block in response.aiter_bytes():
                        digest.update(block)
                        out.write(block)
        except (httpx.HTTPError, httpx.InvalidURL):
            raise refuse_address(request_id, "could not be reached") from None
        self.sha256 = digest.hexdigest()
