"""What `dubline doctor` finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Attributes:
        needed: without it no dub can be made; otherwise it only adds something.
        remedy: the line that mends it, empty where nothing is amiss.
    """

    name: str
    is_there: bool
    detail: str
    remedy: str = ""
    needed: bool = True
