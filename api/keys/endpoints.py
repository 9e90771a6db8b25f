"""Where others find the key that checks our tokens: the same place and shape as Supabase's."""

from typing import Any

from fastapi import APIRouter, Response

from resources.identity.embedded_issuer import EmbeddedIssuer

CACHE_S = 600
"""How long others may keep the keys, seconds. Source: Supabase's own header."""


def build_keys_router(issuer: EmbeddedIssuer) -> APIRouter:
    """Make the route; it is not in the schema, for where tokens come from Supabase it is not here."""
    router = APIRouter(include_in_schema=False)

    @router.get("/auth/v1/.well-known/jwks.json")
    def list_keys(response: Response) -> dict[str, list[dict[str, Any]]]:
        response.headers["Cache-Control"] = f"public, max-age={CACHE_S}"
        return issuer.jwks()

    return router
