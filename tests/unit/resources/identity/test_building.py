import pytest
from pydantic import SecretStr

from dubbing.errors import AuthRejectedError, SettingsError
from resources.identity.building import build_verifier
from resources.settings import Settings
from tests.support.tokens import ISSUER, SECRET, USER, make_hs256_signer

URL = ISSUER.removesuffix("/auth/v1")


def _build_settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[call-arg, arg-type]


def test_the_issuer_is_the_project_of_the_settings() -> None:
    verifier = build_verifier(_build_settings(supabase_url=f"{URL}/", supabase_jwt_secret=SecretStr(SECRET)))
    assert verifier.verify(make_hs256_signer().mint()).user_id == USER
    with pytest.raises(AuthRejectedError):
        verifier.verify(make_hs256_signer(issuer="https://other.supabase.co/auth/v1").mint())


@pytest.mark.parametrize("secret", ["", "short", "x" * 31])
def test_a_shared_secret_that_can_be_guessed_stops_the_program(secret: str) -> None:
    with pytest.raises(SettingsError, match="DUBLINE_SUPABASE_JWT_SECRET") as caught:
        build_verifier(_build_settings(supabase_url=URL, supabase_jwt_secret=SecretStr(secret)))
    assert "short" not in caught.value.message


def test_anonymous_users_are_let_in_by_the_setting_alone() -> None:
    for is_allowed in (True, False):
        verifier = build_verifier(
            _build_settings(supabase_url=URL, supabase_jwt_secret=SecretStr(SECRET), allow_anonymous_users=is_allowed)
        )
        token = make_hs256_signer().mint(is_anonymous=True)
        if is_allowed:
            assert verifier.verify(token).user_id == USER
        else:
            with pytest.raises(AuthRejectedError):
                verifier.verify(token)
