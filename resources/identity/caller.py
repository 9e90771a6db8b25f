"""The caller that a verified token speaks for, and the claims that a token must have."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

AUDIENCE = "authenticated"
"""Audience and role of a signed-in user's token. Source: Supabase Auth, JWT claims reference."""

ADMIN = "admin"
"""What `app_metadata` says of an operator; users cannot write there, unlike `user_metadata`."""

LOCAL_USER_ID = uuid.UUID("00000000-0000-4000-8000-000000000001")
"""Owner of what is made at the command line."""

_FOR_POLICIES = ("sub", "role", "aud", "app_metadata", "is_anonymous", "session_id", "exp")


@dataclass(frozen=True)
class Caller:
    """Whom the request is from.

    Attributes:
        user_id: the user; owner of what the request makes.
        role_is_admin: the user operates this installation.
        session_id: the sign-in that the token belongs to, where there is one.
        claims: what Postgres gets as `request.jwt.claims`: what policies need, no address of the user's.
    """

    user_id: uuid.UUID
    role_is_admin: bool
    session_id: str | None
    claims: Mapping[str, Any] = field(hash=False, repr=False)


def _is_canonical_uuid(text: str) -> str:
    if str(uuid.UUID(text)) != text:  # uuid.UUID also takes braces, `urn:` and digits without hyphens
        raise ValueError("not a UUID in its usual form")
    return text


class UserClaims(BaseModel):
    """Claims of a signed-in user's access token, each exactly of its type; others are left alone."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)

    sub: Annotated[str, AfterValidator(_is_canonical_uuid)]
    role: Literal["authenticated"]
    aud: str | list[str]
    iss: str
    iat: int = Field(ge=0)
    exp: int = Field(ge=0)
    nbf: int | None = None
    session_id: str | None = None
    is_anonymous: bool = False
    app_metadata: dict[str, Any] = Field(default_factory=dict)

    def build_caller(self) -> Caller:
        """The caller that these claims speak for."""
        roles = self.app_metadata.get("roles")
        return Caller(
            user_id=uuid.UUID(self.sub),
            # A list only: "admin" is also in the text "not an admin".
            role_is_admin=self.app_metadata.get("role") == ADMIN or (isinstance(roles, list) and ADMIN in roles),
            session_id=self.session_id,
            claims=self.model_dump(include=set(_FOR_POLICIES)),
        )
