"""One request for a JWKS document, and the reading of it with the suspicion that the network deserves."""

import json
import time
from collections.abc import Mapping

import jwt

from dubbing.errors import AuthUnavailableError
from resources.identity.key_source import parse_public_key

TIMEOUT_S = 3.0
"""Longest wait for the document."""

MAX_DOCUMENT_BYTES = 65_536
"""Largest document read; Supabase's has a few hundred bytes for each key."""


def fetch_keys(url: str) -> Mapping[str, jwt.PyJWK]:
    """Ask for the document and read its keys.

    A document with an empty list is a valid one: a project that has only a shared secret publishes nothing.

    Raises:
        AuthUnavailableError: no answer, or none that is a JWKS document with a key that we can use.
    """
    document = _parse_object(_fetch(url))
    entries = document.get("keys")
    if not isinstance(entries, list):
        raise _failure()
    keys = dict(found for entry in reversed(entries) if (found := parse_public_key(entry)) is not None)
    if entries and not keys:
        raise _failure()
    return keys


def _fetch(url: str) -> bytes:
    import httpx  # a fifth of a second that a command without tokens need not pay

    deadline_s = time.monotonic() + TIMEOUT_S
    content = b""
    try:
        # Raw bytes: nobody unpacks a small answer into a large one here.
        with httpx.stream("GET", url, timeout=TIMEOUT_S, headers={"Accept-Encoding": "identity"}) as response:
            if response.status_code != httpx.codes.OK:
                raise _failure()
            for block in response.iter_raw():
                content += block
                if len(content) > MAX_DOCUMENT_BYTES or time.monotonic() > deadline_s:
                    raise _failure()
    except (httpx.HTTPError, httpx.InvalidURL):
        raise _failure() from None
    return content


def _parse_object(content: bytes) -> Mapping[str, object]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise _failure() from None
    if not isinstance(document, dict):
        raise _failure()
    return document


def _failure() -> AuthUnavailableError:
    return AuthUnavailableError("The keys of the sign-in service cannot be fetched; try again in a minute.")
