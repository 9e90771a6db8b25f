"""What `dubline doctor` looks at where the engines of vendors are chosen; no request is made, and nothing costs."""

import socket
from collections.abc import Iterator
from importlib.util import find_spec
from urllib.parse import urlsplit

from cli.engines import VENDORS, VendorNeeds
from cli.findings import Finding
from resources.settings import Settings

INSTALL_CLOUD = "pip install --editable '.[cloud]'"
CONNECT_TIMEOUT_S = 2.0
"""How long a vendor may take to let us in, seconds."""

_PORTS = {"http": 80, "https": 443}


def examine_vendors(settings: Settings) -> Iterator[Finding]:
    """Look at each vendor that the settings let work, and at a key that would add languages."""
    for needs in VENDORS:
        if needs.is_wanted(settings):
            yield from _examine_vendor(needs, settings)
        elif settings.synthesis_engine == "cloud" and "synthesize" in needs.uses:
            missing = "no key; the languages and voices that only it has are not offered"
            yield Finding(f"{needs.name}: key", False, missing, f"set {needs.key_variable}", needed=False)


def _examine_vendor(needs: VendorNeeds, settings: Settings) -> Iterator[Finding]:
    has_key, has_package = needs.has_key(settings), find_spec(needs.package) is not None
    yield Finding(
        f"{needs.name}: key",
        has_key,
        "set; only a call shows whether it is accepted" if has_key else "not set",
        "" if has_key else f"set {needs.key_variable}",
    )
    yield Finding(
        f"{needs.name}: package",
        has_package,
        f"{needs.package}, {'installed' if has_package else 'not installed'}",
        "" if has_package else INSTALL_CLOUD,
    )
    host, is_reachable = reach(needs.get_url(settings))
    yield Finding(
        f"{needs.name}: address",
        is_reachable,
        f"{host} {'can be reached' if is_reachable else 'cannot be reached directly'}",
        "" if is_reachable else f"check {needs.url_variable} and the network; behind a proxy this may be as it should",
    )


def reach(url: str) -> tuple[str, bool]:
    """Connect to the host of an address and hang up; the host, and whether it let us."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 443)
    except ValueError:
        return "the address", False
    try:
        with socket.create_connection((host, port), timeout=CONNECT_TIMEOUT_S):
            return host, True
    except (OSError, UnicodeError):
        return host, False
