"""Whatever comes as a token, a key or a header: one of two errors, or a caller."""

from contextlib import suppress
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from dubbing.errors import AuthRejectedError
from resources.identity.key_source import ALGORITHMS, parse_public_key
from resources.identity.verifier import TokenVerifier
from tests.support.tokens import ISSUER, SECRET, KeysInHand, build_claims, make_es256_signer, make_rs256_signer

EC = make_es256_signer()
VERIFIER = TokenVerifier(ISSUER, KeysInHand([EC]), shared_secret=SecretStr(SECRET))

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PARTS = st.text("ABCDEFGHabcdefgh0123456789_-", max_size=40)


@given(st.text() | st.binary() | st.lists(PARTS, min_size=3, max_size=3).map(".".join) | JSON)
def test_whatever_comes_is_refused_and_nothing_else_happens(token: Any) -> None:
    with pytest.raises(AuthRejectedError):
        VERIFIER.verify(token)


@given(st.dictionaries(st.sampled_from([*build_claims(), "nbf", "jti"]), JSON, min_size=1))
def test_signed_claims_of_any_type_are_a_caller_or_refused(claims: dict[str, Any]) -> None:
    with suppress(AuthRejectedError):
        VERIFIER.verify(EC.mint(**claims))


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "jwk", "jku", "crit", "b64", "cty"]) | st.text(), JSON))
def test_headers_of_any_type_are_a_caller_or_refused(headers: dict[str, Any]) -> None:
    with suppress(AuthRejectedError):
        VERIFIER.verify(EC.mint(headers=headers))


@given(
    st.sampled_from([EC, make_rs256_signer()]),
    st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "n", "e", "alg", "use", "kid"]), JSON | PARTS),
)
def test_a_published_key_is_a_key_that_we_accept_or_none(signer: Any, changes: dict[str, Any]) -> None:
    found = parse_public_key({**signer.public_jwk(), **changes})
    assert found is None or (isinstance(found[1], jwt.PyJWK) and found[1].algorithm_name in ALGORITHMS.values())


@given(JSON)
def test_any_json_in_place_of_a_key_is_no_key(jwk: Any) -> None:
    assert parse_public_key(jwk) is None
