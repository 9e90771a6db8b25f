"""The gate: a token proves who is calling, or it is refused."""

import re
from typing import Any, Final

import jwt
from pydantic import SecretStr, ValidationError

from dubbing.errors import AuthRejectedError
from resources.identity.caller import AUDIENCE, Caller, UserClaims
from resources.identity.key_source import ALGORITHMS, KeySource

MAX_TOKEN_CHARS = 8192
"""Longest token looked at; Supabase's are one to two thousand characters."""

MAX_LIFETIME_S = 7 * 24 * 3600
"""Longest life of a token. Source: the longest access token that Supabase Auth lets a project configure."""

LEEWAY_S = 10
"""How far the clocks of issuer and verifier may be apart."""

SHARED_SECRET_ALGORITHM: Final = "HS256"  # noqa: S105 - a name, not a secret

_THREE_PARTS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_FORBIDDEN_HEADERS = {"jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64", "zip", "enc", "cty"}
"""Headers that name a key of the sender's choice, or change what the signature covers."""

_OPTIONS: jwt.types.Options = {"enforce_minimum_key_length": True}


class TokenVerifier:
    """Checks access tokens of one issuer.

    Args:
        issuer: what `iss` must be, to the letter.
        keys: the issuer's public keys.
        shared_secret: accepts HS256 tokens signed with it too; None refuses them all.
        allow_anonymous: accept users who signed in without naming themselves.
    """

    def __init__(
        self,
        issuer: str,
        keys: KeySource,
        *,
        shared_secret: SecretStr | None = None,
        allow_anonymous: bool = False,
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._shared_secret = shared_secret
        self._allow_anonymous = allow_anonymous

    def verify(self, token: str) -> Caller:
        """Check a token as it came with a request.

        A token stays good until it expires, also when its user has signed out since.

        Raises:
            AuthRejectedError: it proves nothing; the message says no more than that.
            AuthUnavailableError: the keys cannot be had now; trying again can help.
        """
        header = _read_header(token)
        key, algorithm = self._get_key(header)
        try:
            payload = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=AUDIENCE,
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options=_OPTIONS,
            )
            claims = UserClaims.model_validate(payload)
        except jwt.ExpiredSignatureError:
            raise AuthRejectedError("The sign-in has expired; sign in again.") from None
        except (jwt.PyJWTError, ValidationError):
            raise _rejection() from None
        if claims.exp - claims.iat > MAX_LIFETIME_S or (claims.is_anonymous and not self._allow_anonymous):
            raise _rejection()
        return claims.build_caller()

    def _get_key(self, header: dict[str, Any]) -> tuple[jwt.PyJWK | bytes, str]:
        """The key to check with and the one algorithm it may be used with, never the token's own choice."""
        if header.get("alg") == SHARED_SECRET_ALGORITHM:
            if self._shared_secret is None:
                raise _rejection()
            return self._shared_secret.get_secret_value().encode(), SHARED_SECRET_ALGORITHM
        kid = header.get("kid")
        if header.get("alg") not in ALGORITHMS.values() or not isinstance(kid, str):
            raise _rejection()
        key = self._keys.find_key(kid)
        if key is None:
            raise _rejection()
        return key, key.algorithm_name


def _read_header(token: object) -> dict[str, Any]:
    """Read what the token says of itself; nothing of it is proved yet.

    Raises:
        AuthRejectedError: not a signed token of three parts, or one with a header that we never follow.
    """
    if not isinstance(token, str) or len(token) > MAX_TOKEN_CHARS or not _THREE_PARTS.fullmatch(token):
        raise _rejection()
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise _rejection() from None
    if header.keys() & _FORBIDDEN_HEADERS or header.get("typ", "JWT") != "JWT":
        raise _rejection()
    return header


def _rejection() -> AuthRejectedError:
    return AuthRejectedError("The token is not valid here; sign in again.")
