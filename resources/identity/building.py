"""The choice of the issuer whose tokens an installation accepts."""

from dubbing.errors import SettingsError
from resources.identity.embedded_issuer import EMBEDDED_ISSUER, EmbeddedIssuer
from resources.identity.published_keys import PublishedKeys
from resources.identity.verifier import TokenVerifier
from resources.settings import Settings

AUTH_PATH = "/auth/v1"
JWKS_PATH = "/.well-known/jwks.json"

MIN_SECRET_BYTES = 32
"""Shortest shared secret. Source: RFC 7518, 3.2: a key for HS256 has at least 256 bits."""


def build_verifier(settings: Settings) -> TokenVerifier:
    """The verifier of Supabase's tokens, or of this installation's own where there is no Supabase.

    Raises:
        SettingsError: the shared secret is too short to protect anything.
    """
    if settings.supabase_url is None:
        return TokenVerifier(EMBEDDED_ISSUER, EmbeddedIssuer(settings.keys_dir))
    secret = settings.supabase_jwt_secret
    if secret is not None and len(secret.get_secret_value().encode()) < MIN_SECRET_BYTES:
        raise SettingsError(
            f"DUBLINE_SUPABASE_JWT_SECRET: has fewer than {MIN_SECRET_BYTES} bytes; copy the project's secret again."
        )
    issuer = settings.supabase_url + AUTH_PATH
    return TokenVerifier(
        issuer,
        PublishedKeys(issuer + JWKS_PATH),
        shared_secret=secret,
        allow_anonymous=settings.allow_anonymous_users,
    )
