"""The emulator's invoice, as a file: asked of the address that is configured for the vendor, and of no other."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import httpx

from dubbing.errors import InputError, VendorUnavailableError
from dubbing.reconciling import Span
from resources.invoicing.invoice_file import MAX_FILE_BYTES
from resources.settings import Settings

_TIMEOUT_S = 30.0


@contextmanager
def open_emulated_invoice(settings: Settings, vendor: str, span: Span) -> Iterator[BinaryIO]:
    """Fetch what the emulator bills for a vendor; without a key, which it does not ask for.

    Raises:
        InputError: the vendor has no address, or what answers there is not the emulator.
        VendorUnavailableError: nobody answers.
    """
    addresses = {
        "deepgram": settings.deepgram_url,
        "openai": settings.openai_url.removesuffix("/v1"),
        "elevenlabs": settings.elevenlabs_url,
    }
    if vendor not in addresses:
        raise InputError(f"Say one of {', '.join(addresses)}.")
    wanted = {"vendor": vendor, "from": span.from_at.isoformat(), "to": span.to_at.isoformat(), "format": "csv"}
    refusal = InputError(
        f"What answers at DUBLINE_{vendor.upper()}_URL is not the emulator; give the invoice as a file."
    )
    with tempfile.TemporaryFile() as file:
        try:
            with httpx.stream(
                "GET",
                f"{addresses[vendor]}/_emulator/invoice",
                params=wanted,
                timeout=_TIMEOUT_S,
                follow_redirects=False,
                headers={"accept-encoding": "identity"},
            ) as reply:
                if reply.status_code != httpx.codes.OK or not reply.headers.get("content-type", "").startswith(
                    "text/csv"
                ):
                    raise refusal
                for block in reply.iter_raw():
                    file.write(block)
                    if file.tell() > MAX_FILE_BYTES:
                        raise refusal
        except (httpx.HTTPError, httpx.InvalidURL):
            raise VendorUnavailableError(
                f"Nobody answers at DUBLINE_{vendor.upper()}_URL; start the emulator and try again."
            ) from None
        file.seek(0)
        yield file
