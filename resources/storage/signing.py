"""Signed addresses of the folder store: who knows one may do one thing with one key until it expires."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from urllib.parse import urlencode

from dubbing.errors import AddressRejectedError, SettingsError
from resources.key_files import load_or_make

SECRET_BYTES = 32
_EXPIRES, _SIGNATURE = "expires", "signature"


class AddressSigner:
    """Signs with a secret of this installation, made at first use.

    Args:
        keys_dir: folder that keeps the secret; processes that share it accept each other's addresses.
        now: seconds since 1970; for tests.
    """

    def __init__(self, keys_dir: Path, *, now: Callable[[], float] = time.time) -> None:
        self._keys_dir = keys_dir
        self._now = now

    @cached_property
    def _secret(self) -> bytes:
        return load_secret(self._keys_dir / "store-signing.key")

    def sign(self, method: str, key: str, *, expires_at_s: int, claims: Mapping[str, str]) -> str:
        """Give the query that lets a method be used on a key.

        Args:
            expires_at_s: seconds since 1970.
            claims: what else is promised; readable by everybody, changed by nobody.
        """
        pairs = [*claims.items(), (_EXPIRES, str(expires_at_s))]
        return urlencode([*pairs, (_SIGNATURE, self._compute(method, key, pairs))])

    def verify(self, method: str, key: str, query: Sequence[tuple[str, str]]) -> Mapping[str, str]:
        """Give the claims of a query if this method may be used on this key now.

        Everything in the query but the signature itself is signed: what is added or repeated makes it another one.

        Raises:
            AddressRejectedError: not signed by us, changed, or expired.
        """
        pairs = [(name, value) for name, value in query if name != _SIGNATURE]
        signatures = [value for name, value in query if name == _SIGNATURE]
        refused = AddressRejectedError("This address is not valid, or not any more; ask for a new one.")
        if len(signatures) != 1 or not hmac.compare_digest(
            self._compute(method, key, pairs).encode(), signatures[0].encode(errors="replace")
        ):
            raise refused
        claims = dict(pairs)
        if int(claims.pop(_EXPIRES)) <= self._now():
            raise refused
        return claims

    def _compute(self, method: str, key: str, pairs: Sequence[tuple[str, str]]) -> str:
        # JSON keeps the parts apart whatever is in them; the first one keeps other uses of the secret apart.
        message = json.dumps(["dubline store 1", method, key, sorted(pairs)])
        return hmac.new(self._secret, message.encode(), hashlib.sha256).hexdigest()


def load_secret(path: Path) -> bytes:
    """Read a secret, made first if there is none; processes that do so at once agree on one.

    Raises:
        SettingsError: the file holds something else.
    """
    secret = load_or_make(path, lambda: secrets.token_bytes(SECRET_BYTES))
    if len(secret) != SECRET_BYTES:
        raise SettingsError(f"{path.name} in the folder of keys is damaged; remove it, a new one is made at once.")
    return secret
