"""Who asks, and with which rights: every protected route depends on `Access`."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from dubbing.errors import AuthRejectedError
from resources.container import Container
from resources.database.connection import UnitOfWork
from resources.identity.caller import Caller

bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    scheme_name="accessToken",
    description="Access token of a signed-in user: Supabase's, or one printed by `dubline token`.",
)

PROTECTED = ("unauthorized", "auth_unavailable", "database_unavailable", "internal")
"""Problems that any protected route can answer with."""


@dataclass(frozen=True, slots=True)
class Access:
    """A caller at the desk."""

    caller: Caller
    container: Container

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """Open the request's one transaction, in which Postgres itself shows only what is the caller's."""
        return self.container.database.transaction_of(self.caller.claims)


def get_container(request: Request) -> Container:
    """Return the adapters of this process."""
    return cast("Container", request.app.state.container)


def authenticate(
    container: Annotated[Container, Depends(get_container)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Access:
    """Check the caller's token.

    Raises:
        AuthRejectedError, AuthUnavailableError: nobody is let in.
    """
    if credentials is None:
        raise AuthRejectedError("Sign in and send the access token as a bearer token.")
    return Access(container.verifier.verify(credentials.credentials), container)


AccessDependency = Annotated[Access, Depends(authenticate)]
ContainerDependency = Annotated[Container, Depends(get_container)]
