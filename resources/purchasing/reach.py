"""Whether somebody outside can fetch what lies under an address."""

import ipaddress
from urllib.parse import urlsplit

_INSIDE = (".local", ".localhost", ".internal", ".lan", ".home", ".home.arpa", ".corp", ".test", ".svc", ".invalid")


def is_reachable_from_outside(url: str) -> bool:
    """Judge an address by its host: a public name or a public number.

    >>> is_reachable_from_outside("https://abc.supabase.co/x")
    True
    >>> is_reachable_from_outside("http://127.0.0.1:8000/x")
    False
    """
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_INSIDE)
