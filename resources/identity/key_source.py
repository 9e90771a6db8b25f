"""The port to the public keys that tokens are checked against, and the reading of one key."""

from collections.abc import Mapping
from typing import Any, Protocol

import jwt

ALGORITHMS = {"EC": "ES256", "RSA": "RS256"}
"""The one algorithm that we accept for each type of key. Source: the asymmetric keys that Supabase Auth offers."""

CURVE = "P-256"
"""The curve of ES256; PyJWT takes a key on another one for it."""

_PUBLIC_PARTS = ("kty", "crv", "x", "y", "n", "e")


class KeySource(Protocol):
    """Public keys of whoever issues the tokens."""

    def find_key(self, kid: str) -> jwt.PyJWK | None:
        """The key of that id, bound to its one algorithm.

        Raises:
            AuthUnavailableError: the keys cannot be had now, so that nothing can be said of the token.
        """
        ...


def parse_public_key(jwk: object) -> tuple[str, jwt.PyJWK] | None:
    """Read one key of a JWKS document, whatever is written there.

    Returns:
        Its id and the key; None when it is not a public signing key of an algorithm that we accept.
    """
    if not isinstance(jwk, Mapping) or not isinstance(kid := jwk.get("kid"), str) or not kid:
        return None
    algorithm = ALGORITHMS.get(str(jwk.get("kty")))
    if algorithm is None or jwk.get("alg", algorithm) != algorithm or jwk.get("use", "sig") != "sig":
        return None
    if algorithm == ALGORITHMS["EC"] and jwk.get("crv") != CURVE:
        return None
    # Public numbers only, and only as text: a private half has no business here.
    numbers: dict[str, Any] = {part: jwk[part] for part in _PUBLIC_PARTS if isinstance(jwk.get(part), str)}
    try:
        key = jwt.PyJWK(numbers, algorithm)
    except (jwt.PyJWTError, ValueError):
        return None
    return (kid, key) if key.Algorithm.check_key_length(key.key) is None else None
