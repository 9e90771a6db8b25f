import json
import time
import uuid

import pytest
from pydantic import SecretStr

from dubbing.errors import AuthUnavailableError
from resources.identity.verifier import LEEWAY_S, MAX_LIFETIME_S, TokenVerifier
from tests.support.tokens import (
    ABSENT,
    ISSUER,
    SECRET,
    USER,
    KeysInHand,
    Signer,
    make_es256_signer,
    make_hs256_signer,
    make_rs256_signer,
)

EC = make_es256_signer()
VERIFIER = TokenVerifier(ISSUER, KeysInHand([EC, make_rs256_signer()]), shared_secret=SecretStr(SECRET))


@pytest.mark.parametrize("signer", [EC, make_rs256_signer(), make_hs256_signer()], ids=lambda signer: signer.algorithm)
def test_a_signed_in_user_is_known_by_any_key_of_the_issuer(signer: Signer) -> None:
    assert VERIFIER.verify(signer.mint()).user_id == USER


def test_a_token_of_the_shared_secret_needs_no_key_id() -> None:
    assert VERIFIER.verify(make_hs256_signer().mint(headers={"kid": ABSENT})).user_id == USER


def test_the_audience_may_be_one_of_several() -> None:
    assert VERIFIER.verify(EC.mint(aud=["another", "authenticated"])).user_id == USER


def test_a_token_without_what_only_some_have_is_accepted() -> None:
    rare = dict.fromkeys(("session_id", "is_anonymous", "app_metadata", "user_metadata", "email", "aal", "amr"), ABSENT)
    caller = VERIFIER.verify(EC.mint(headers={"typ": ABSENT}, **rare))
    assert (caller.session_id, caller.role_is_admin, caller.claims["is_anonymous"]) == (None, False, False)


def test_clocks_may_be_a_little_apart() -> None:
    now = int(time.time())
    ahead = now + LEEWAY_S // 2
    assert VERIFIER.verify(EC.mint(iat=ahead, nbf=ahead, exp=now + 60))
    assert VERIFIER.verify(EC.mint(iat=now - 60, exp=now - LEEWAY_S // 2))


def test_a_token_may_be_good_for_exactly_seven_days() -> None:
    now = int(time.time())
    assert VERIFIER.verify(EC.mint(iat=now, exp=now + MAX_LIFETIME_S))


def test_anonymous_sign_ins_are_accepted_where_they_are_allowed() -> None:
    verifier = TokenVerifier(ISSUER, KeysInHand([EC]), allow_anonymous=True)
    assert verifier.verify(EC.mint(is_anonymous=True)).claims["is_anonymous"] is True


@pytest.mark.parametrize(
    ("app_metadata", "expected"),
    [
        ({"role": "admin"}, True),
        ({"roles": ["editor", "admin"]}, True),
        ({"role": "user"}, False),
        ({"role": ["admin"]}, False),
        ({"role": "Admin"}, False),
        ({"roles": "not an admin"}, False),
        ({"roles": {"admin": False}}, False),
        ({}, False),
    ],
    ids=str,
)
def test_only_app_metadata_makes_an_operator(app_metadata: dict[str, object], expected: bool) -> None:
    token = EC.mint(app_metadata=app_metadata, user_metadata={"role": "admin", "roles": ["admin"]}, roles=["admin"])
    assert VERIFIER.verify(token).role_is_admin is expected


def test_policies_get_what_they_need_and_nothing_that_names_the_user() -> None:
    claims = VERIFIER.verify(EC.mint(user_metadata={"full_name": "Some Body"}, phone="+1")).claims
    assert set(claims) == {"sub", "role", "aud", "app_metadata", "is_anonymous", "session_id", "exp"}
    assert uuid.UUID(json.loads(json.dumps(dict(claims)))["sub"]) == USER


def test_a_caller_shows_no_claims_in_a_log_and_can_be_a_key() -> None:
    caller = VERIFIER.verify(EC.mint(app_metadata={"tenant": "secret-tenant"}))
    assert "secret-tenant" not in repr(caller)
    assert caller in {caller}


def test_nothing_is_said_of_a_token_when_the_keys_cannot_be_had() -> None:
    with pytest.raises(AuthUnavailableError):
        TokenVerifier(ISSUER, KeysInHand(is_reachable=False)).verify(EC.mint())


def test_a_token_of_the_shared_secret_needs_no_published_keys() -> None:
    verifier = TokenVerifier(ISSUER, KeysInHand(is_reachable=False), shared_secret=SecretStr(SECRET))
    assert verifier.verify(make_hs256_signer().mint()).user_id == USER
