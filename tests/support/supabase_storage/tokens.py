"""Who may do what: the key of the project, and the tokens inside signed addresses."""

import secrets
import time
from collections.abc import Mapping
from datetime import datetime

import jwt

from tests.support.supabase_storage import refusals

UPLOAD_TOKEN_LIFE_S = 7200
_EXPIRED = '"exp" claim timestamp check failed'


class Clock:
    """The emulator's time: the real one, moved forward by whatever a test asks for."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def advance(self, seconds: float) -> None:
        """Let this much time pass at once."""
        self._ahead_s += seconds

    def advance_past(self, moment: datetime) -> None:
        """Let time pass until after a moment."""
        self.advance(max(0.0, moment.timestamp() - self.now_s()) + 1)

    def now_s(self) -> float:
        """Tell the time, seconds since 1970."""
        return time.time() + self._ahead_s


class Tokens:
    """Makes and checks HS256 tokens with a key of its own."""

    def __init__(self, secret_key: str, clock: Clock) -> None:
        self._secret_key = secret_key
        self._clock = clock
        self._signing_key = secrets.token_hex(32)

    def sign(self, scope: str, url: str, life_s: int, **claims: object) -> str:
        """Make the token of a signed address."""
        now = int(self._clock.now_s())
        return jwt.encode(
            {"url": url, **claims, "scope": scope, "iat": now, "exp": now + life_s}, self._signing_key, "HS256"
        )

    def sign_service_role(self, life_s: int = 3600) -> str:
        """Make a key of the older kind: a token whose role is the service's."""
        return jwt.encode({"role": "service_role", "exp": int(self._clock.now_s()) + life_s}, self._signing_key)

    def check(self, token: str | None, scope: str, url: str) -> Mapping[str, object]:
        """Give the claims of a signed address's token.

        Raises:
            RefusalError: it is missing, not ours, too old, or for something else.
        """
        if token is None:
            raise refusals.invalid_request("querystring must have required property 'token'")
        try:
            claims = self._decode(token)
        except jwt.InvalidTokenError:
            raise refusals.invalid_token("signature verification failed") from None
        if self._is_expired(claims):
            raise refusals.invalid_token(_EXPIRED)
        if claims.get("scope") != scope:
            raise refusals.invalid_signature(f"Token is not scoped for {scope}")
        if claims.get("url") != url:
            raise refusals.invalid_signature("Invalid signature")
        return claims

    def check_caller(self, headers: Mapping[str, str]) -> None:
        """Let the service role in, by the key that the gateway knows or by a token.

        Raises:
            RefusalError: neither.
        """
        authorization = headers.get("authorization")
        if authorization is None:
            raise refusals.invalid_request("headers must have required property 'authorization'")
        bearer = authorization.removeprefix("Bearer ")
        if bearer == self._secret_key and headers.get("apikey") == self._secret_key:
            return
        try:
            claims = self._decode(bearer)
        except jwt.InvalidTokenError:
            raise refusals.access_denied("Invalid Compact JWS") from None
        if self._is_expired(claims):
            raise refusals.access_denied(_EXPIRED)

    def _decode(self, token: str) -> dict[str, object]:
        # The library would check the expiry against a clock that is not ours.
        unchecked = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        return jwt.decode(token, self._signing_key, algorithms=["HS256"], options=unchecked)

    def _is_expired(self, claims: Mapping[str, object]) -> bool:
        expiry = claims.get("exp")
        return isinstance(expiry, int) and expiry <= self._clock.now_s()
