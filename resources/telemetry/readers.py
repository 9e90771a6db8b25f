"""Who may read metrics."""

import hmac
from ipaddress import ip_address

from pydantic import SecretStr

FORWARDING_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
"""What a proxy adds; behind one every connection comes from this machine, whoever asks."""


def may_read(token: SecretStr | None, authorization: str | None, client: str | None, is_forwarded: bool) -> bool:
    """Say whether somebody may read metrics.

    Args:
        token: that readers must send; None lets in who asks from this machine itself.
        authorization: the header that they sent.
        client: address that the connection comes from.
        is_forwarded: whether any of `FORWARDING_HEADERS` came with the request.
    """
    if token is not None:
        wanted = f"Bearer {token.get_secret_value()}"
        return authorization is not None and hmac.compare_digest(authorization.encode(), wanted.encode())
    return not is_forwarded and client is not None and _is_loopback(client)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
