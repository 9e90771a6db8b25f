"""The emulator as a server: in a thread of a test, or for as long as a process lives."""

import json
import logging
import socket
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect

from vendor_emulator.connections import ClosableConnections, forget
from vendor_emulator.control import Control, answer_misuse, set_mode
from vendor_emulator.deepgram_api import DeepgramApi
from vendor_emulator.elevenlabs_api import ElevenlabsApi
from vendor_emulator.exchanges import API_KEYS, Operation, Vendor
from vendor_emulator.faults import Fault, Kind
from vendor_emulator.invoice import InvoiceLine
from vendor_emulator.openai_api import OpenaiApi
from vendor_emulator.speaking import Mode
from vendor_emulator.stage import Stage

__all__ = ["API_KEYS", "VendorEmulator", "run"]


class VendorEmulator:
    """Deepgram, OpenAI and ElevenLabs at one address of this machine; a context manager that serves from a thread.

    Args:
        port: 0 for a free one.

    Attributes:
        url: Deepgram's and ElevenLabs' address; OpenAI's is ``openai_url``.
    """

    def __init__(self, *, port: int = 0) -> None:
        self._stage = Stage()
        parts = (DeepgramApi(self._stage), OpenaiApi(self._stage), ElevenlabsApi(self._stage), Control(self._stage))
        application = Starlette(
            routes=[route for part in parts for route in part.routes],
            exception_handlers={
                ClientDisconnect: forget,
                **dict.fromkeys((KeyError, TypeError, ValueError), answer_misuse),
            },
        )
        self._socket = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.openai_url = f"{self.url}/v1"
        config = uvicorn.Config(
            ClosableConnections(application),
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self.run, name="vendor-emulator", daemon=True)

    def __enter__(self) -> Self:
        # The socket listens already: a request that comes before the server does waits for it.
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._thread.join()

    def run(self) -> None:
        """Serve until told to stop, or interrupted."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Let ``run`` come to its end; what still hangs is broken off a second later."""
        self._server.should_exit = True

    def add_fault(
        self,
        kind: Kind,
        *,
        vendor: Vendor | None = None,
        operation: Operation | None = None,
        times: int = 1,
        status: int = 500,
        code: str | None = None,
        retry_after: float | str | None = None,
        delay_s: float = 0.0,
        match: str = "",
        billed: bool | None = None,
    ) -> None:
        """Let something go wrong; see `faults.Fault`."""
        fault = Fault(
            kind,
            vendor=vendor or "",
            operation=operation or "",
            times=times,
            status=status,
            code=code,
            retry_after=retry_after,
            delay_s=delay_s,
            match=match,
            billed=billed,
        )
        self._stage.faults.add(fault)

    def clear_faults(self) -> None:
        """Let nothing more go wrong."""
        self._stage.faults.clear()

    def set_latency(self, vendor: Vendor, operation: Operation, seconds: float) -> None:
        """Let every answer of this kind take so long."""
        self._stage.latencies_s[vendor, operation] = seconds

    def set_limit(self, vendor: Vendor, operation: Operation, limit: int | None) -> None:
        """Take so many requests of this kind at once; None is without limit."""
        self._stage.limits.set(vendor, operation, limit)

    def set_mode(self, *, gullible: bool | None = None, speaking: Mode | None = None) -> None:
        """Let the translator obey anything outside the data, and the voices be tones."""
        set_mode(self._stage, gullible=gullible, speaking=speaking)

    def script_transcript(
        self, sha256: str, *, language: str, duration_ms: int, words: Sequence[Mapping[str, Any]]
    ) -> None:
        """Say what is heard in a file: words with ``word, start_ms, end_ms`` and maybe ``speaker, confidence``."""
        self._stage.hearing.script(
            sha256, language=language, duration_ms=duration_ms, words=[dict(word) for word in words]
        )

    def script_translations(self, target: str, texts: Mapping[str, str | Sequence[str]]) -> None:
        """Say how texts are translated; several versions of one go from the longest to the shortest."""
        self._stage.translating.script(target, texts)

    def reprice(self, vendor: Vendor, model: str, unit: str, usd_micros: int, per_units: int) -> None:
        """Let a unit cost something else from now on."""
        self._stage.invoice.reprice(vendor, model, unit, usd_micros, per_units)

    def set_account(self, vendor: Vendor, **amounts: int) -> None:
        """Set what is left of an account; see `accounts.Accounts.set`."""
        self._stage.accounts.set(vendor, **amounts)

    def list_invoice(self, vendor: Vendor | None = None) -> list[InvoiceLine]:
        """Give the lines of the invoice, oldest first; all, or a vendor's."""
        return self._stage.invoice.list_lines(vendor)

    def clear_invoice(self) -> None:
        """Begin a new invoice."""
        self._stage.invoice.clear()

    def statistics(self) -> dict[str, dict[str, dict[str, int]]]:
        """Give ``current, highest, total, refused`` by vendor and operation."""
        return self._stage.limits.describe()

    def requests(self) -> list[dict[str, Any]]:
        """Give the last requests, oldest first, without their keys."""
        return list(self._stage.requests)

    def reset(self) -> None:
        """Forget everything that was set and counted."""
        self._stage.reset()

    def describe(self) -> str:
        """Give what a client needs, as one line of JSON."""
        return json.dumps({"url": self.url, "openai_url": self.openai_url, "api_keys": dict(API_KEYS)})


def run(port: int = 0) -> None:
    """Serve until interrupted; the first line on standard output is JSON with the address and the keys."""
    emulator = VendorEmulator(port=port)
    print(emulator.describe(), flush=True)  # noqa: T201 - the program's answer
    # A connection that was closed on purpose is no news.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
    emulator.run()
