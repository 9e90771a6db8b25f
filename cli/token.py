"""`dubline token`: a sign-in for an installation without Supabase."""

import uuid

import typer

from dubbing.errors import InputError, SettingsError
from resources.identity.caller import LOCAL_USER_ID
from resources.identity.embedded_issuer import EmbeddedIssuer
from resources.identity.verifier import MAX_LIFETIME_S
from resources.settings import load_settings

MAX_LIFETIME_MINUTES = MAX_LIFETIME_S // 60


def run_token(user: str | None, lifetime_minutes: int, admin: bool) -> int:
    """Print a token, and nothing else, so that it can be put into a variable.

    Args:
        user: UUID of the user; None is the owner of the jobs made at the command line.
        lifetime_minutes: how long the token is good.
        admin: the user operates this installation.

    Raises:
        InputError: not a user or not a lifetime.
        SettingsError: Supabase issues the tokens of this installation.
    """
    settings = load_settings()
    if settings.supabase_url is not None:
        raise SettingsError(
            "DUBLINE_SUPABASE_URL: is set, so tokens come from Supabase; sign in there, or unset it for tokens of ours."
        )
    if not 1 <= lifetime_minutes <= MAX_LIFETIME_MINUTES:
        raise InputError(f"A token can be good for 1 to {MAX_LIFETIME_MINUTES} minutes.")
    issuer = EmbeddedIssuer(settings.keys_dir)
    typer.echo(issuer.mint(_get_user_id(user), lifetime_s=lifetime_minutes * 60, is_admin=admin))
    return 0


def _get_user_id(user: str | None) -> uuid.UUID:
    if user is None:
        return LOCAL_USER_ID
    try:
        return uuid.UUID(user)
    except ValueError:
        raise InputError("A user is a UUID, like 00000000-0000-4000-8000-000000000001.") from None
