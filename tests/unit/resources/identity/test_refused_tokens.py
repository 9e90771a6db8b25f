"""Every way in which a token is known to have fooled somebody, one case each."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from dubbing.errors import AuthRejectedError
from resources.identity.verifier import MAX_LIFETIME_S, MAX_TOKEN_CHARS, TokenVerifier
from tests.support.tokens import (
    ABSENT,
    ISSUER,
    SECRET,
    KeysInHand,
    Signer,
    build_claims,
    compact,
    encode_part,
    make_es256_signer,
    make_hs256_signer,
    make_rs256_signer,
    sign_hmac,
)

EC = make_es256_signer()
RSA = make_rs256_signer()
LEGACY = make_hs256_signer()
VERIFIER = TokenVerifier(ISSUER, KeysInHand([EC, RSA]))
VERIFIER_WITH_SECRET = TokenVerifier(ISSUER, KeysInHand([EC, RSA]), shared_secret=SecretStr(SECRET))


def _unsigned(alg: str, signature: bytes = b"not a signature") -> str:
    return compact({"alg": alg, "kid": EC.kid}, build_claims(), lambda _: signature)


def _hmac(key: bytes, alg: str = "HS256", kid: str = EC.kid, digest: str = "sha256") -> str:
    return compact({"alg": alg, "kid": kid, "typ": "JWT"}, build_claims(), sign_hmac(key, digest))


def _mint(headers: dict[str, Any] | None = None, **overrides: Any) -> Callable[[], str]:
    """A token made when it is asked for; an override may be a function, for times count from then."""
    return lambda: EC.mint(
        headers=headers, **{name: value() if callable(value) else value for name, value in overrides.items()}
    )


def _at(seconds: int) -> int:
    return int(time.time()) + seconds


def _in(seconds: int) -> Callable[[], int]:
    return lambda: _at(seconds)


def _swap(index: int, part: str) -> str:
    parts = EC.mint().split(".")
    parts[index] = part
    return ".".join(parts)


def _flip_signature() -> str:
    token = EC.mint()
    position = token.rindex(".") + 10
    return token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]


ATTACKS: dict[str, Callable[[], str]] = {
    # how it is signed
    "alg none without a signature": lambda: _unsigned("none", b""),
    "alg none with a signature of some bytes": lambda: _unsigned("none"),
    "alg None with a capital": lambda: _unsigned("None"),
    "alg NONE in capitals": lambda: _unsigned("NONE"),
    "alg nOnE in mixed case": lambda: _unsigned("nOnE"),
    "alg missing": _mint({"alg": ABSENT}),
    "alg null": _mint({"alg": None}),
    "alg a number": _mint({"alg": 256}),
    "alg a list": _mint({"alg": ["ES256"]}),
    "alg empty": _mint({"alg": ""}),
    "alg in small letters": _mint({"alg": "es256"}),
    "alg ES384, which we do not offer": _mint({"alg": "ES384"}),
    "alg EdDSA, which we do not offer": _mint({"alg": "EdDSA"}),
    "alg PS256 on an RSA key": lambda: RSA.mint(headers={"alg": "PS256"}),
    "alg RS256 on an EC key": _mint({"alg": "RS256"}),
    "alg ES256 on an RSA key": lambda: RSA.mint(headers={"alg": "ES256"}),
    "an EC signature under the id of the RSA key": _mint({"kid": RSA.kid}),
    "HS256 with the EC public key as secret": lambda: _hmac(EC.public_pem()),
    "HS256 with the RSA public key as secret": lambda: _hmac(RSA.public_pem(), kid=RSA.kid),
    "HS256 with an empty secret": lambda: _hmac(b""),
    "HS256 with the key id as secret": lambda: _hmac(EC.kid.encode()),
    "HS384 with the shared secret": lambda: _hmac(SECRET.encode(), "HS384", digest="sha384"),
    "HS512 with the shared secret": lambda: _hmac(SECRET.encode(), "HS512", digest="sha512"),
    "HS256 with another secret": lambda: _hmac(b"another secret that is long enough too"),
    "a foreign key under our key id": lambda: make_es256_signer().mint(),
    "a foreign RSA key under our key id": lambda: Signer("RS256", make_rs256_signer("other").key, RSA.kid).mint(),
    # which key it names
    "kid missing": _mint({"kid": ABSENT}),
    "kid unknown": _mint({"kid": "nobody-knows-it"}),
    "kid null": _mint({"kid": None}),
    "kid a number": _mint({"kid": 1}),
    "kid a list": _mint({"kid": [EC.kid]}),
    "kid empty": _mint({"kid": ""}),
    "kid with a path": _mint({"kid": "../../../../dev/null"}),
    "kid with SQL": _mint({"kid": "' or 1=1 --"}),
    "a key of its own in the header": lambda: _with_own_key({"jwk": _foreign().public_jwk()}),
    "an address of its own keys": lambda: _with_own_key({"jku": "https://evil.example/jwks.json"}),
    "an address of its own certificate": lambda: _with_own_key({"x5u": "https://evil.example/cert.pem"}),
    "a certificate of its own": lambda: _with_own_key({"x5c": ["MIIB"]}),
    "our own signature beside a jwk header": _mint({"jwk": EC.public_jwk()}),
    "our own signature beside a jku header": _mint({"jku": ISSUER}),
    "our own signature beside an x5u header": _mint({"x5u": ISSUER}),
    "a critical extension that we do not know": _mint({"crit": ["exp"]}),
    "a critical b64 extension": _mint({"crit": ["b64"], "b64": True}),
    "a detached payload": _mint({"b64": False}),
    "an encrypted token's header": _mint({"enc": "A256GCM"}),
    "another type of token": _mint({"typ": "at+jwt"}),
    # when
    "expired a minute ago": _mint(iat=_in(-3600), exp=_in(-60)),
    "exp missing": _mint(exp=ABSENT),
    "exp null": _mint(exp=None),
    "exp as text": _mint(exp=lambda: str(_at(3600))),
    "exp a fraction": _mint(exp=lambda: _at(3600) + 0.5),
    "exp true": _mint(exp=True),
    "exp infinite": _mint(exp=float("inf")),
    "exp not a number": _mint(exp=float("nan")),
    "exp beyond any date": _mint(exp=10**400),
    "good for more than seven days": _mint(exp=_in(MAX_LIFETIME_S + 60)),
    "iat missing": _mint(iat=ABSENT),
    "iat in an hour": _mint(iat=_in(3600), exp=_in(7200)),
    "iat as text": _mint(iat="now"),
    "nbf in an hour": _mint(nbf=_in(3600)),
    "nbf as text": _mint(nbf="soon"),
    # for whom and by whom
    "aud missing": _mint(aud=ABSENT),
    "aud of another service": _mint(aud="another-service"),
    "aud a list without us": _mint(aud=["another-service", "anon"]),
    "aud an empty list": _mint(aud=[]),
    "aud a list with a number": _mint(aud=["authenticated", 1]),
    "aud an object": _mint(aud={"authenticated": True}),
    "aud with a capital": _mint(aud="Authenticated"),
    "iss missing": _mint(iss=ABSENT),
    "iss of another project": _mint(iss="https://other.supabase.co/auth/v1"),
    "iss with a slash at the end": _mint(iss=f"{ISSUER}/"),
    "iss that begins like ours": _mint(iss=f"{ISSUER}.evil.example"),
    "iss a list": _mint(iss=[ISSUER]),
    "sub missing": _mint(sub=ABSENT),
    "sub empty": _mint(sub=""),
    "sub null": _mint(sub=None),
    "sub a number": _mint(sub=1),
    "sub not a UUID": _mint(sub="admin"),
    "sub a UUID in braces": _mint(sub="{11111111-1111-4111-8111-111111111111}"),
    "sub a UUID without hyphens": _mint(sub="11111111111141118111111111111111"),
    "sub a UUID and a line break": _mint(sub="11111111-1111-4111-8111-111111111111\n"),
    "role anon": _mint(role="anon"),
    "role service_role": _mint(role="service_role"),
    "role postgres": _mint(role="postgres"),
    "role missing": _mint(role=ABSENT),
    "role a list": _mint(role=["authenticated"]),
    "role with a blank": _mint(role="authenticated "),
    "an anonymous sign-in": _mint(is_anonymous=True),
    "is_anonymous as text": _mint(is_anonymous="false"),
    "app_metadata a list": _mint(app_metadata=["admin"]),
    "session_id a number": _mint(session_id=7),
    # other credentials of Supabase
    "the legacy anon key": lambda: LEGACY.sign(_api_key("anon")),
    "the legacy service_role key": lambda: LEGACY.sign(_api_key("service_role")),
    "a publishable key": lambda: "sb_publishable_abcdefghijklmnopqrstuv_12345678",
    "a secret key": lambda: "sb_secret_abcdefghijklmnopqrstuv_12345678",
    "a refresh token": lambda: "v1.MjAyNi0xMS0yMlQwMDowMDowMFo",
    "a token of a storage address": lambda: EC.sign({"url": "bucket/key", "iat": _at(0), "exp": _at(60)}),
    # how it is written
    "nothing": lambda: "",
    "a blank": lambda: " ",
    "two dots": lambda: "..",
    "two parts": lambda: EC.mint().rsplit(".", 1)[0],
    "an empty signature": lambda: EC.mint().rsplit(".", 1)[0] + ".",
    "four parts": lambda: EC.mint() + ".AAAA",
    "five parts, as an encrypted token has": lambda: EC.mint() + ".AAAA.AAAA",
    "a changed payload": lambda: _swap(1, encode_part(build_claims(sub="33333333-3333-4333-8333-333333333333"))),
    "the signature of another token": lambda: _swap(2, EC.mint(session_id=ABSENT).rsplit(".", 1)[1]),
    "one letter of the signature changed": _flip_signature,
    "a signature of zeros": lambda: _swap(2, encode_part(bytes(64))),
    "a payload that is a list": lambda: EC.sign([build_claims()]),
    "a payload that is no JSON": lambda: EC.sign(b"sub=1"),
    "a payload nested too deep": lambda: EC.sign(b"[" * 3000 + b"]" * 3000),
    "a header that is a list": lambda: _swap(0, encode_part(["ES256"])),
    "a header that is no UTF-8": lambda: _swap(0, encode_part(b"\xff\xfe")),
    "padding at the end": lambda: EC.mint() + "==",
    "a line break at the end": lambda: EC.mint() + "\n",
    "a blank in front": lambda: " " + EC.mint(),
    "the word Bearer in front": lambda: "Bearer " + EC.mint(),
    "letters outside ASCII": lambda: EC.mint() + "é",
    "digits outside ASCII": lambda: _swap(2, "１２３４"),
    "a lone surrogate": lambda: EC.mint() + "\ud800",
    "a token longer than we look at": _mint(user_metadata={"about": "x" * MAX_TOKEN_CHARS}),
}


def _foreign() -> Signer:
    return make_es256_signer("their-key")


def _with_own_key(headers: dict[str, Any]) -> str:
    return _foreign().mint(headers=headers)


def _api_key(role: str) -> dict[str, Any]:
    return {"iss": "supabase", "ref": "example", "role": role, "iat": _at(-60), "exp": _at(3600)}


@pytest.mark.parametrize("verifier", [VERIFIER, VERIFIER_WITH_SECRET], ids=["keys only", "keys and shared secret"])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_refused(attack: Callable[[], str], verifier: TokenVerifier) -> None:
    with pytest.raises(AuthRejectedError):
        verifier.verify(attack())


def test_refused_where_no_shared_secret_is_configured() -> None:
    with pytest.raises(AuthRejectedError):
        VERIFIER.verify(LEGACY.mint())


def test_refused_without_asking_for_keys_when_the_header_cannot_be_right() -> None:
    unreachable = TokenVerifier(ISSUER, KeysInHand(is_reachable=False))
    with pytest.raises(AuthRejectedError):
        unreachable.verify(_unsigned("none"))


def test_what_is_said_of_a_refused_token_is_always_the_same() -> None:
    messages = set()
    for name, attack in ATTACKS.items():
        if name not in ("expired a minute ago", "exp true"):
            with pytest.raises(AuthRejectedError) as caught:
                VERIFIER.verify(attack())
            messages.add(caught.value.message)
    assert messages == {"The token is not valid here; sign in again."}


def test_an_expired_sign_in_is_called_so() -> None:
    with pytest.raises(AuthRejectedError, match="expired"):
        VERIFIER.verify(EC.mint(iat=_at(-3600), exp=_at(-60)))


def test_a_forged_token_that_has_expired_is_not_told_so() -> None:
    with pytest.raises(AuthRejectedError, match="not valid here"):
        VERIFIER.verify(make_es256_signer().mint(iat=_at(-3600), exp=_at(-60)))
