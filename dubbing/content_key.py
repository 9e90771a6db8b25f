"""Content keys: what is paid for is named by what determines it, so that it is paid for once."""

import hashlib
import json
from collections.abc import Mapping, Sequence

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


def build_content_key(kind: str, **determinants: Json) -> str:
    """Name a result by everything that determines it.

    Args:
        kind: what the result is, for example ``take``.
        determinants: JSON values; engine name, language, text, speed …

    Returns:
        64 hexadecimal digits; the same arguments in any order give the same key.

    >>> build_content_key("take", text="Olá", speed=1.0) == build_content_key("take", speed=1.0, text="Olá")
    True
    """
    canonical = json.dumps({"kind": kind, **determinants}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
