"""Tokens of an installation without Supabase: the same shape, signed by a key of its own."""

import time
import uuid
from functools import cached_property
from pathlib import Path
from typing import Any

import jwt

from resources.identity.caller import ADMIN, AUDIENCE
from resources.identity.key_file import load_signing_key
from resources.identity.key_source import ALGORITHMS
from resources.identity.verifier import MAX_LIFETIME_S

EMBEDDED_ISSUER = "http://127.0.0.1/auth/v1"
"""`iss` of these tokens; a name, not an address, so that they outlive a change of port."""


class EmbeddedIssuer:
    """Issues tokens, and is the source of the key that checks them.

    Args:
        keys_dir: folder of the signing key, which is made there on first use.
    """

    def __init__(self, keys_dir: Path) -> None:
        self._keys_dir = keys_dir

    @cached_property
    def _key(self) -> jwt.PyJWK:
        return load_signing_key(self._keys_dir)

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The public key as Supabase publishes its own."""
        numbers = jwt.algorithms.ECAlgorithm.to_jwk(self._key.key.public_key(), as_dict=True)
        signing = {"kid": self._key.key_id, "alg": ALGORITHMS["EC"], "use": "sig", "key_ops": ["verify"], "ext": True}
        return {"keys": [{**numbers, **signing}]}

    def find_key(self, kid: str) -> jwt.PyJWK | None:
        """The public key, if it has that id."""
        return self._public_key if kid == self._key.key_id else None

    @cached_property
    def _public_key(self) -> jwt.PyJWK:
        return jwt.PyJWK(self.jwks()["keys"][0])

    def mint(
        self,
        user_id: uuid.UUID,
        *,
        lifetime_s: int = 3600,
        email: str | None = None,
        is_admin: bool = False,
    ) -> str:
        """Make an access token with the claims that Supabase's have.

        Raises:
            ValueError: a lifetime that the verifier would refuse.
        """
        if not 0 < lifetime_s <= MAX_LIFETIME_S:
            raise ValueError(f"lifetime_s is not within 1 and {MAX_LIFETIME_S}")
        now = int(time.time())
        claims = {
            "sub": str(user_id),
            "aud": AUDIENCE,
            "role": AUDIENCE,
            "iss": EMBEDDED_ISSUER,
            "iat": now,
            "exp": now + lifetime_s,
            "email": email or "",
            "phone": "",
            "session_id": str(uuid.uuid4()),
            "aal": "aal1",
            "amr": [{"method": "password", "timestamp": now}],
            "app_metadata": {"provider": "email", "providers": ["email"]} | ({"role": ADMIN} if is_admin else {}),
            "user_metadata": {},
            "is_anonymous": False,
        }
        return jwt.encode(claims, self._key, headers={"kid": self._key.key_id})
