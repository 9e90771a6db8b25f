"""Packages that only some installations need."""

from importlib.util import find_spec

from dubbing.errors import ToolMissingError


def require_package(package: str, extra: str, what: str) -> None:
    """Stop at once where a package is missing.

    Args:
        extra: of ours, that brings it.
        what: needs it, for the message.

    Raises:
        ToolMissingError: it is not installed.
    """
    if not _is_installed(package):
        raise ToolMissingError(f"{what} needs the package {package}; install dubline with its extra {extra}.")


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # what it is a part of is missing
        return False
