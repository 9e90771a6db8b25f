import stat
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from cli.token import run_token
from dubbing.errors import AuthRejectedError, InputError, SettingsError
from resources.identity.building import build_verifier
from resources.identity.caller import LOCAL_USER_ID
from resources.identity.embedded_issuer import EmbeddedIssuer
from resources.identity.key_file import KEY_FILE
from resources.identity.key_source import parse_public_key
from resources.identity.verifier import MAX_LIFETIME_S
from resources.settings import Settings, load_settings
from tests.support.tokens import USER

RACE = """
import pathlib, sys
from resources.identity.embedded_issuer import EmbeddedIssuer
sys.stdout.write("ready\\n"); sys.stdout.flush()
sys.stdin.readline()
print(EmbeddedIssuer(pathlib.Path(sys.argv[1])).jwks()["keys"][0]["x"])
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DUBLINE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("DUBLINE_SUPABASE_URL", raising=False)
    return load_settings()


def test_a_token_of_this_installation_is_accepted_here_and_names_its_user(settings: Settings) -> None:
    token = EmbeddedIssuer(settings.keys_dir).mint(USER, email="somebody@example.com")
    caller = build_verifier(settings).verify(token)
    assert (caller.user_id, caller.role_is_admin) == (USER, False)
    assert uuid.UUID(caller.session_id or "")


def test_an_operator_of_this_installation_is_known_as_one(settings: Settings) -> None:
    assert build_verifier(settings).verify(EmbeddedIssuer(settings.keys_dir).mint(USER, is_admin=True)).role_is_admin


def test_a_token_of_another_installation_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(AuthRejectedError):
        build_verifier(settings).verify(EmbeddedIssuer(tmp_path / "other").mint(USER))


def test_the_key_is_known_by_its_id_alone(settings: Settings) -> None:
    issuer = EmbeddedIssuer(settings.keys_dir)
    (jwk,) = issuer.jwks()["keys"]
    assert issuer.find_key(jwk["kid"]) is not None
    assert issuer.find_key("another") is None


def test_the_key_outlives_the_process_and_is_for_its_owner_alone(settings: Settings) -> None:
    first = EmbeddedIssuer(settings.keys_dir).jwks()
    assert EmbeddedIssuer(settings.keys_dir).jwks() == first
    file = settings.keys_dir / KEY_FILE
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)
    assert [path.name for path in settings.keys_dir.iterdir()] == [KEY_FILE]


def test_the_published_key_has_the_shape_of_supabases_and_no_private_half(settings: Settings) -> None:
    (jwk,) = EmbeddedIssuer(settings.keys_dir).jwks()["keys"]
    assert set(jwk) == {"kty", "kid", "alg", "use", "key_ops", "crv", "x", "y", "ext"}
    assert (jwk["kty"], jwk["alg"], jwk["use"], jwk["key_ops"], jwk["crv"]) == (
        "EC",
        "ES256",
        "sig",
        ["verify"],
        "P-256",
    )
    assert parse_public_key(jwk) is not None


def test_processes_that_start_at_once_end_with_the_same_key(settings: Settings) -> None:
    command = [sys.executable, "-c", RACE, str(settings.keys_dir)]
    root = Path(__file__).parents[3]
    racers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) for _ in range(4)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    keys = {racer.communicate(timeout=60)[0] for racer in racers}
    assert len(keys) == 1
    assert keys != {""}


def test_a_process_that_finds_no_key_but_is_second_to_publish_takes_the_first_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = EmbeddedIssuer(settings.keys_dir).jwks()
    monkeypatch.setattr(Path, "exists", lambda _: False)  # as it was a moment ago
    assert EmbeddedIssuer(settings.keys_dir).jwks() == first


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"kty": "EC"}', b"\xff", b"null"], ids=repr)
def test_a_broken_key_file_says_what_to_do(settings: Settings, content: bytes) -> None:
    settings.keys_dir.mkdir(parents=True)
    (settings.keys_dir / KEY_FILE).write_bytes(content)
    with pytest.raises(SettingsError, match="delete it"):
        EmbeddedIssuer(settings.keys_dir).mint(USER)


def test_a_keys_folder_that_cannot_be_made_says_so(settings: Settings) -> None:
    settings.data_dir.write_text("a file where the folder should be")
    with pytest.raises(SettingsError, match="DUBLINE_DATA_DIR"):
        EmbeddedIssuer(settings.keys_dir).mint(USER)


@pytest.mark.parametrize("lifetime_s", [0, -1, MAX_LIFETIME_S + 1])
def test_no_token_is_made_that_would_be_refused(settings: Settings, lifetime_s: int) -> None:
    with pytest.raises(ValueError, match="lifetime_s"):
        EmbeddedIssuer(settings.keys_dir).mint(USER, lifetime_s=lifetime_s)


def test_the_command_prints_a_token_of_the_local_user_and_nothing_else(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_token(None, 60, admin=False) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert build_verifier(settings).verify(printed.out.removesuffix("\n")).user_id == LOCAL_USER_ID


def test_the_command_prints_a_token_of_any_user_as_operator(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    run_token(str(USER).upper(), 7 * 24 * 60, admin=True)
    caller = build_verifier(settings).verify(capsys.readouterr().out.strip())
    assert (caller.user_id, caller.role_is_admin) == (USER, True)


@pytest.mark.parametrize(("user", "minutes"), [("bob", 60), ("", 60), (None, 0), (None, 7 * 24 * 60 + 1)])
@pytest.mark.usefixtures("settings")
def test_the_command_refuses_what_would_make_no_good_token(user: str | None, minutes: int) -> None:
    with pytest.raises(InputError):
        run_token(user, minutes, admin=False)


def test_the_command_makes_no_tokens_for_supabase(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBLINE_SUPABASE_URL", "https://example.supabase.co")
    with pytest.raises(SettingsError, match="DUBLINE_SUPABASE_URL"):
        run_token(None, 60, admin=False)
    assert not settings.keys_dir.exists()
