"""Which metrics and labels an expression of PromQL speaks of.

No parser: whether an expression is one at all, Prometheus itself is asked.
"""

import re
from dataclasses import dataclass

_WORD = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SELECTOR = re.compile(rf"({_WORD})\s*\{{([^}}]*)\}}")
_MATCHER = re.compile(rf"({_WORD})\s*(?:=~|!~|!=|=)\s*<(\d+)>")
_GROUPING = re.compile(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_NAME = re.compile(rf"(?<![\w:<]){_WORD}(?![\w:])(?!\s*\()")
_KEYWORDS = {"and", "or", "unless", "bool", "offset", "by", "on"}


@dataclass(frozen=True)
class Selector:
    """A metric as it is asked for: the labels that are matched, with the values, those of ``a|b`` one by one."""

    metric: str
    matched: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Spoken:
    """What an expression speaks of."""

    selectors: tuple[Selector, ...]
    grouped: frozenset[str]


def read_expression(expression: str) -> Spoken:
    """Find the metrics, the labels that are matched and those that are grouped by.

    >>> spoken = read_expression('sum by (le) (rate(a_bucket{route!~"/(x|y)"}[5m])) > bool 2 and on () b')
    >>> [selector.metric for selector in spoken.selectors], sorted(spoken.grouped)
    (['a_bucket', 'b'], ['le'])
    """
    strings: list[str] = []

    def put_away(found: re.Match[str]) -> str:
        strings.append(found[0][1:-1])
        return f"<{len(strings) - 1}>"

    text = _STRING.sub(put_away, expression)
    grouped = {label.strip() for labels in _GROUPING.findall(text) for label in labels.split(",") if label.strip()}
    matched = []
    for metric, matchers in _SELECTOR.findall(text):
        pairs = tuple((label, tuple(strings[int(at)].split("|"))) for label, at in _MATCHER.findall(matchers))
        matched.append(Selector(metric, pairs))
    bare = re.sub(r"\[[^\]]*\]", "", _SELECTOR.sub("", _GROUPING.sub("", text)))
    bare = re.sub(r"\b\d+(?:\.\d+)?(?:[a-z]+\d*)?", "", bare)
    names = [name for name in _NAME.findall(bare) if name not in _KEYWORDS]
    functions = {"sum", "max", "min", "avg", "count"}  # written `sum by (…) (…)`, so no bracket follows
    return Spoken((*matched, *(Selector(name) for name in names if name not in functions)), frozenset(grouped))
