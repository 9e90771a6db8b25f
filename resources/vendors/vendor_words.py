"""What is kept of a vendor's own words about a failure: status and codes. A sentence of theirs may quote a customer."""

import re

_CODE = re.compile(r"[A-Za-z]{1,30}(?:[_.-][A-Za-z]{1,30}){0,7}")
"""A word for machines. Without digits, so that no key is one."""


def describe_refusal(status: int | None, *codes: object) -> str | None:
    """Say what a reply said; what is no code is left out.

    >>> describe_refusal(402, "quota_exceeded", "The text 'Hello' …", None)
    '402 quota_exceeded'
    """
    named = [code for code in codes if isinstance(code, str) and _CODE.fullmatch(code)]
    words = [*([str(status)] if status else []), *dict.fromkeys(named)]
    return " ".join(words) or None
