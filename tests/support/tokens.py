"""Access tokens for tests: right ones for any user, and wrong ones in any way that one claim or header can be wrong.

Tokens made here have the shape that Supabase Auth documents; that Supabase's own tokens have it too is for the test
with the official command line to show, and for a real project.
"""

import base64
import hmac
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm, get_default_algorithms

from dubbing.errors import AuthUnavailableError
from resources.identity.key_source import parse_public_key

ISSUER = "https://example.supabase.co/auth/v1"
USER = uuid.UUID("11111111-1111-4111-8111-111111111111")
SECRET = "a shared secret of more than thirty-two bytes"

ABSENT: Any = object()
"""As the value of a claim or header: leave it out."""


def encode_part(content: object) -> str:
    """One part of a compact token: JSON, or bytes as they are."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign_hmac(key: bytes, digest: str = "sha256") -> Callable[[bytes], bytes]:
    """A signature with any bytes as the secret, also such as PyJWT refuses to sign with."""
    return lambda content: hmac.digest(key, content, digest)


def compact(header: object, payload: object, sign: Callable[[bytes], bytes]) -> str:
    """Put a token together without any check."""
    content = f"{encode_part(header)}.{encode_part(payload)}"
    return f"{content}.{encode_part(sign(content.encode()))}"


def build_claims(issuer: str = ISSUER, **overrides: Any) -> dict[str, Any]:
    """The claims of a signed-in user's token, with some of them changed."""
    now = int(time.time())
    claims = {
        "sub": str(USER),
        "aud": "authenticated",
        "role": "authenticated",
        "iss": issuer,
        "iat": now,
        "exp": now + 3600,
        "email": "somebody@example.com",
        "phone": "",
        "session_id": "22222222-2222-4222-8222-222222222222",
        "aal": "aal1",
        "amr": [{"method": "password", "timestamp": now}],
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "user_metadata": {},
        "is_anonymous": False,
    }
    return {name: value for name, value in {**claims, **overrides}.items() if value is not ABSENT}


@dataclass(frozen=True)
class Signer:
    """Somebody with a key, rightly or not."""

    algorithm: str
    key: Any
    kid: str
    issuer: str = ISSUER

    def mint(self, *, headers: dict[str, Any] | None = None, **overrides: Any) -> str:
        """Sign the usual claims with some of them, or of the headers, changed; `ABSENT` leaves one out."""
        return self.sign(build_claims(self.issuer, **overrides), headers=headers)

    def sign(self, payload: object, *, headers: dict[str, Any] | None = None) -> str:
        """Sign any payload, also one that is no set of claims."""
        wanted = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT", **(headers or {})}
        header = {name: value for name, value in wanted.items() if value is not ABSENT}
        algorithm = get_default_algorithms()[self.algorithm]
        return compact(header, payload, lambda content: algorithm.sign(content, self.key))

    def public_jwk(self) -> dict[str, Any]:
        """The public key as Supabase publishes it."""
        kind = ECAlgorithm if self.algorithm.startswith("ES") else RSAAlgorithm
        numbers = kind.to_jwk(self.key.public_key(), as_dict=True)
        return {
            **numbers,
            "kid": self.kid,
            "alg": self.algorithm,
            "use": "sig",
            "key_ops": ["verify"],
            "ext": True,
        }

    def public_pem(self) -> bytes:
        """The public key as everybody can have it."""
        pem: bytes = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return pem


def make_es256_signer(kid: str = "es256-key", issuer: str = ISSUER) -> Signer:
    """A signer with a fresh P-256 key."""
    return Signer("ES256", ec.generate_private_key(ec.SECP256R1()), kid, issuer)


@cache
def make_rs256_signer(kid: str = "rs256-key", issuer: str = ISSUER) -> Signer:
    """A signer with an RSA key, the same one for the same id: they take long to make."""
    return Signer("RS256", rsa.generate_private_key(65537, 2048), kid, issuer)


def make_hs256_signer(secret: str = SECRET, issuer: str = ISSUER) -> Signer:
    """A signer with a project's legacy shared secret."""
    return Signer("HS256", secret.encode(), "hs256-key", issuer)


@dataclass
class KeysInHand:
    """A key source that holds what it is given; it says nothing about the network."""

    signers: list[Signer] = field(default_factory=list)
    is_reachable: bool = True

    def find_key(self, kid: str) -> jwt.PyJWK | None:
        if not self.is_reachable:
            raise AuthUnavailableError("The keys cannot be had.")
        return dict(filter(None, (parse_public_key(signer.public_jwk()) for signer in self.signers))).get(kid)
