"""How large the largest tests are: as they are meant with `make soak`, just large enough to notice with `make test`."""

import os
from typing import TypeVar

Size = TypeVar("Size", int, float)

IS_FULL = os.environ.get("DUBLINE_TEST_SCALE") == "full"


def choose(full: Size, small: Size) -> Size:
    """Choose a size."""
    return full if IS_FULL else small
