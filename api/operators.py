"""Who operates this installation: what others may not know of is not there for them."""

from typing import Annotated

from fastapi import Depends

from api.access import Access, AccessDependency
from dubbing.errors import NotFoundError


def require_operator(access: AccessDependency) -> Access:
    """Let an operator pass, by the role in the token's `app_metadata`.

    Raises:
        NotFoundError: the caller is none, and is told what one is told who asks for an address that is not there.
    """
    if not access.caller.role_is_admin:
        raise NotFoundError("There is nothing at this address.")
    return access


OperatorDependency = Annotated[Access, Depends(require_operator)]
