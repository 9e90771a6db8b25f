"""The header that tells a browser under which name to save a download."""

import re
import unicodedata
from urllib.parse import quote

LONGEST_NAME = 150
"""Characters; file systems allow 255 bytes, browsers add to a name that is taken."""

_UNSAFE = re.compile(r"[^A-Za-z0-9 ._()+-]")


def build_content_disposition(file_name: str | None) -> str:
    r"""Write ``Content-Disposition`` so that no name can be more than a name.

    Source: RFC 6266 appendix D: a plain ASCII name for old clients, then RFC 5987's ``filename*`` for the rest.
    Control characters (a line break would begin a header), and those that make a path, are replaced.

    >>> build_content_disposition(None)
    'attachment'
    >>> build_content_disposition('für "alle".mp4')
    'attachment; filename="fur _alle_.mp4"; filename*=UTF-8\'\'f%C3%BCr%20%22alle%22.mp4'
    """
    if file_name is None:
        return "attachment"
    name = "".join("_" if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c for c in file_name)
    name = name.replace("/", "_").replace("\\", "_").strip(". ")[:LONGEST_NAME] or "download"
    plain = (
        _UNSAFE.sub("_", unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()).strip() or "download"
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
