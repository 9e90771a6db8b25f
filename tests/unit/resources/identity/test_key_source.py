from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from resources.identity.key_source import parse_public_key
from tests.support.tokens import Signer, make_es256_signer, make_rs256_signer

EC = make_es256_signer().public_jwk()
RSA = make_rs256_signer().public_jwk()


@pytest.mark.parametrize("jwk", [EC, RSA], ids=["EC", "RSA"])
def test_a_key_has_its_one_algorithm_whether_it_names_it_or_not(jwk: dict[str, Any]) -> None:
    bare = {name: value for name, value in jwk.items() if name not in ("alg", "use", "key_ops", "ext")}
    for written in (jwk, bare):
        found = parse_public_key(written)
        assert found is not None
        assert (found[0], found[1].algorithm_name) == (jwk["kid"], jwk["alg"])


UNUSABLE: dict[str, dict[str, Any]] = {
    "a key to encrypt with": {**EC, "use": "enc"},
    "an EC key that claims to be for RS256": {**EC, "alg": "RS256"},
    "an EC key that claims to be a shared secret": {**EC, "alg": "HS256"},
    "an RSA key for RS512": {**RSA, "alg": "RS512"},
    "an RSA key of 1024 bits": Signer("RS256", rsa.generate_private_key(65537, 1024), "short").public_jwk(),  # noqa: S505
    "a key on another curve": {
        **Signer("ES384", ec.generate_private_key(ec.SECP384R1()), "curve").public_jwk(),
        "alg": "ES256",
    },
    "an EC key without a curve": {name: value for name, value in EC.items() if name != "crv"},
    "a key without an id": {name: value for name, value in EC.items() if name != "kid"},
    "a key with an empty id": {**EC, "kid": ""},
    "a key with a number for an id": {**EC, "kid": 1},
    "a key without numbers": {"kty": "EC", "crv": "P-256", "kid": "x"},
}


@pytest.mark.parametrize("jwk", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_no_key_of_ours(jwk: dict[str, Any]) -> None:
    assert parse_public_key(jwk) is None
