"""Tokens that Supabase's own command line makes, checked by our gate.

It shows that we read keys and signatures as Supabase writes them. It cannot show what a project's auth server puts
into a token: the claims beyond subject, role and dates are given to the command by this test.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from dubbing.errors import AuthRejectedError
from resources.identity.published_keys import PublishedKeys
from resources.identity.verifier import TokenVerifier
from tests.support.jwks_server import running_jwks_server
from tests.support.tokens import ISSUER, USER

ROOT = Path(__file__).parents[3]
CLI = ROOT / ".venv/share/supabase-cli/node_modules/@supabase/cli-linux-x64/bin/supabase"
CONFIG = """project_id = "test"
[auth]
signing_keys_path = "./signing_keys.json"
"""
CLAIMS = {"aud": "authenticated", "iss": ISSUER}

pytestmark = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the command line is locked for Linux on x86_64"
)


class SupabaseCli:
    """The command line in a folder of its own, which it takes for home too."""

    def __init__(self, folder: Path) -> None:
        assert CLI.is_file(), "The Supabase command line is not installed; run scripts/install-supabase-cli"
        self._folder = folder
        (folder / "supabase").mkdir()

    def make_key(self, algorithm: str) -> dict[str, object]:
        key: dict[str, object] = json.loads(self._run("signing-key", "--algorithm", algorithm))
        (self._folder / "supabase/signing_keys.json").write_text(json.dumps([key]))
        (self._folder / "supabase/config.toml").write_text(CONFIG)
        return key

    def make_token(self, role: str, payload: dict[str, object], *, sub: str | None = None) -> str:
        subject = ["--sub", sub] if sub is not None else []
        return self._run("bearer-jwt", "--role", role, *subject, "--payload", json.dumps(payload)).strip()

    def _run(self, *arguments: str) -> str:
        env = os.environ | {"HOME": str(self._folder), "SUPABASE_TELEMETRY_DISABLED": "1", "DO_NOT_TRACK": "1"}
        done = subprocess.run(
            [CLI, "gen", *arguments, "--workdir", self._folder],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_token_of_the_official_command_line_is_accepted_for_a_signed_in_user_only(
    algorithm: str, tmp_path: Path
) -> None:
    cli = SupabaseCli(tmp_path)
    key = cli.make_key(algorithm)
    with running_jwks_server() as server:
        server.answer(json.dumps({"keys": [key | {"key_ops": ["verify"]}]}).encode())
        verifier = TokenVerifier(ISSUER, PublishedKeys(server.url))
        caller = verifier.verify(cli.make_token("authenticated", CLAIMS, sub=str(USER)))
        assert (caller.user_id, caller.role_is_admin) == (USER, False)
        refused = [
            cli.make_token("anon", CLAIMS),
            cli.make_token("service_role", CLAIMS),
            cli.make_token("service_role", CLAIMS, sub=str(USER)),
            cli.make_token("authenticated", {}, sub=str(USER)),
        ]
        for token in refused:
            with pytest.raises(AuthRejectedError):
                verifier.verify(token)
