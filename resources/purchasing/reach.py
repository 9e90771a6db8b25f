"""Whether somebody outside can fetch what lies under an address."""

import ipaddress
from urllib.parse import urlsplit

_INSIDE = (
    ".arpa", ".box", ".cluster", ".corp", ".home", ".internal", ".intranet", ".invalid", ".lan", ".local", ".localhost",
    ".onion", ".private", ".svc", ".test",
)  # fmt: skip


def is_reachable_from_outside(url: str) -> bool:
    """Judge an address by its host: a public name or a public number; what looks like neither is taken for inside.

    >>> is_reachable_from_outside("https://abc.supabase.co/x")
    True
    >>> is_reachable_from_outside("http://127.0.0.1:8000/x")
    False
    """
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        has_domain = "." in host and host.rsplit(".", 1)[1].isalpha()
        return has_domain and not host.endswith(_INSIDE)
