"""Log lines: JSON for machines, text for people, each with what the work at hand is about."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog


@contextmanager
def saying(**fields: str | int | None) -> Iterator[None]:
    """Say these with every line of the block, in this thread and those that work for it.

    Args:
        fields: of `FIELDS`; one that is None is left out.
    """
    with structlog.contextvars.bound_contextvars(
        **{name: value for name, value in fields.items() if value is not None}
    ):
        yield
