"""Holding a vendor's invoice against the ledger: which lines are ours, which calls are billed, which doubts end by it.

A line belongs to the call that has its request id. A call whose answer never came has none; it is given a line only
where nobody else can be meant (`name_calls`).
"""

import uuid
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dubbing.usage import Usage

CLOCK_SKEW = timedelta(minutes=2)
"""How far a vendor's clock may be from ours."""

WORKED_ON = timedelta(minutes=15)
"""How long after we gave up a vendor may still have worked, and bill. Source: Deepgram gives up after ten minutes."""

NEAR = timedelta(hours=1)
"""A line so near to a call in time may be its, as long as nobody else claims it."""

MOST_OVER_ESTIMATE = 1.1
"""Tokens of a request are estimated from its bytes, so they may be a little more."""

MOST_MISSING = 0.01
"""Share of the calls with a known cost that a complete invoice may lack; one that lacks more was cut off somewhere."""

MOST_PAIRS = 1_000_000
"""Pairs of a call without a request id and a line near to it that are looked at: seconds, and some 200 MB."""

_PER_CENT_OF_MS, _LEAST_MS = 0.01, 1000
"""Vendors round the length of a recording in ways of their own."""

_INPUT_TOKENS = frozenset({"input_tokens", "cached_input_tokens", "cache_write_tokens"})


class Verdict(StrEnum):
    """What comparing one request of an invoice with the ledger gave."""

    MATCHED = "matched"
    DIFFERENT = "different"
    MISSING_IN_LEDGER = "missing_in_ledger"
    MISSING_IN_INVOICE = "missing_in_invoice"


class Standing(StrEnum):
    """What the ledger knows of the bill of a call."""

    KNOWN = "known"
    DOUBTFUL = "doubtful"
    UNDER_WAY = "under_way"


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One billed request, as the vendor lists it.

    Attributes:
        usage: quantity by unit; empty where the invoice does not say.
    """

    request_id: str
    model: str
    usage: Usage
    usd_micros: int
    at: datetime


@dataclass(frozen=True, slots=True)
class LedgerCall:
    """A call of ours.

    Attributes:
        usage: what it used; for a doubt what it used at most, about.
        usd_micros: what it cost; 0 for a doubt.
        ended_at: when we heard the answer, or gave it up; None while it is under way.
    """

    call_id: uuid.UUID
    request_id: str | None
    model: str
    usage: Usage
    standing: Standing
    usd_micros: int
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Span:
    """The time that an invoice speaks of.

    Attributes:
        margin: how far inside it a call must lie to be on the invoice for certain, if it is billed at all.
    """

    from_at: datetime
    to_at: datetime
    margin: timedelta

    def covers(self, call: LedgerCall) -> bool:
        """Say whether a billed call would be on the invoice for certain."""
        ended_at = call.ended_at
        is_inside = ended_at is not None and ended_at + self.margin <= self.to_at
        return is_inside and self.from_at + self.margin <= call.started_at

    def meets(self, call: LedgerCall) -> bool:
        """Say whether a billed call could be on the invoice."""
        return call.started_at < self.to_at and (call.ended_at is None or call.ended_at >= self.from_at)


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one line, or of a call that has none.

    Attributes:
        line: None where the invoice has none.
        call: None where the ledger has none.
        ledger_usd_micros: what the ledger says once this comparison is done; None where there is no call, where the
            call has another line already, or where it stays in doubt.
        is_duplicate: the request id is on the invoice more often than in the ledger.
    """

    verdict: Verdict
    line: InvoiceLine | None
    call: LedgerCall | None
    ledger_usd_micros: int | None
    is_duplicate: bool = False

    @property
    def was_doubtful(self) -> bool:
        """Whether nobody knew what the call is billed."""
        return not self.is_duplicate and self.call is not None and self.call.standing is Standing.DOUBTFUL

    @property
    def is_displaced(self) -> bool:
        """Whether the line is of a call that was made at another time, as where the times are not those of UTC."""
        line, call = self.line, self.call
        if line is None or call is None or self.is_duplicate or call.standing is not Standing.KNOWN:
            return False
        return not _is_near_in_time(line, call)

    @property
    def ends_doubt(self) -> bool:
        """Whether that is known now."""
        return self.was_doubtful and self.ledger_usd_micros is not None

    @property
    def is_remarkable(self) -> bool:
        """Whether it is to be reported: all but a line that is what we expected."""
        return self.verdict is not Verdict.MATCHED or self.was_doubtful


@dataclass(frozen=True, slots=True)
class Tally:
    """How an invoice and the ledger compare; tallies of parts add up to that of the whole.

    Attributes:
        lines: ``matched + different + missing_in_ledger``.
        matched: lines that cost what the ledger says, doubts that end with them included.
        displaced: lines of calls of known cost that are dated at another time than those were made.
        missing_in_ledger: lines that no call has; ``duplicates`` of them repeat a request id.
        missing_in_invoice: calls whose cost is known and that the invoice should have.
        doubts_billed, doubts_not_billed, doubts_left: doubts that end with a line, that end without a bill, and that
            stay.
    """

    lines: int = 0
    matched: int = 0
    different: int = 0
    displaced: int = 0
    missing_in_ledger: int = 0
    duplicates: int = 0
    missing_in_invoice: int = 0
    doubts_billed: int = 0
    doubts_not_billed: int = 0
    doubts_left: int = 0
    invoiced_usd_micros: int = 0
    ledger_usd_micros: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)})

    @property
    def variance_usd_micros(self) -> int:
        """The invoice's total less the ledger's."""
        return self.invoiced_usd_micros - self.ledger_usd_micros

    @property
    def doubts_ended(self) -> int:
        """Doubts of which the bill is known now."""
        return self.doubts_billed + self.doubts_not_billed

    @property
    def is_complete(self) -> bool:
        """Whether the invoice has what it should have, and when it was, so that what it lacks is not billed."""
        return max(self.missing_in_invoice, self.displaced) <= MOST_MISSING * (self.matched + self.different)

    @property
    def agrees(self) -> bool:
        """Whether nothing differs, nothing is missing and nothing is billed twice."""
        return self.different == self.missing_in_ledger == self.missing_in_invoice == 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """An invoice held against the ledger."""

    findings: Sequence[Finding]
    tally: Tally


def compare(lines: Collection[InvoiceLine], calls: Collection[LedgerCall], span: Span) -> Comparison:
    """Hold all of an invoice against all calls of its vendor, as `resources.invoicing` does part by part.

    Args:
        lines: in any order.
        calls: those of the span, and those that a line names.
    """
    known = {call.request_id for call in calls}
    names = name_calls([line for line in lines if line.request_id not in known], calls)
    named = [replace(call, request_id=names.get(call.call_id, call.request_id)) for call in calls]
    findings = list(judge_lines(lines, named))
    unclaimed = [finding.line for finding in findings if finding.call is None and finding.line is not None]
    billed = {finding.call.call_id for finding in findings if finding.call is not None and not finding.is_duplicate}
    absent = [call for call in named if call.call_id not in billed]
    findings += judge_absent([call for call in absent if call.standing is Standing.KNOWN], span, None)
    is_complete = measure_tally(findings).is_complete
    doubts = [call for call in absent if call.standing is Standing.DOUBTFUL]
    findings += judge_absent(doubts, span, unclaimed if is_complete else None)
    return Comparison(tuple(findings), measure_tally(findings))


def name_calls(unclaimed: Collection[InvoiceLine], calls: Iterable[LedgerCall]) -> Mapping[uuid.UUID, str]:
    """Give calls without a request id the lines that can only be theirs.

    Every call has its row before it is made, so a line that no call claims is of a call without an id, or of somebody
    else who uses our account. A call and a line that fit each other and nothing else belong together. So do several of
    both, as many calls as lines, where each fits each and all lines cost the same: whichever is whose, the cost is. All
    else stays open, and everything where there are more than `MOST_PAIRS` to look at.

    Args:
        unclaimed: lines whose request id no call has.

    Returns:
        Request ids by call.
    """
    distinct = _list_distinct(unclaimed)
    unnamed = sorted((call for call in calls if call.request_id is None and _may_be_billed(call)), key=_order_call)
    near = _list_near(unnamed, distinct)
    if sum(map(len, near)) > MOST_PAIRS:
        return {}
    pairs = zip(unnamed, near, strict=True)
    fits = [frozenset(place for place in places if _fits(distinct[place], call)) for call, places in pairs]
    named: dict[uuid.UUID, str] = {}
    for group, places in _list_groups(fits):
        group_lines = [distinct[place] for place in sorted(places)]
        is_settled = len(group) == len(places) and all(len(fits[number]) == len(places) for number in group)
        is_same = len({(line.usd_micros, _order_usage(line.usage)) for line in group_lines}) == 1
        is_over = all(unnamed[number].standing is not Standing.UNDER_WAY for number in group)
        if is_settled and is_same and is_over:
            whose = zip(sorted(group), group_lines, strict=True)
            named |= {unnamed[number].call_id: line.request_id for number, line in whose}
    return named


def judge_lines(lines: Iterable[InvoiceLine], calls: Iterable[LedgerCall]) -> Iterator[Finding]:
    """Compare lines with the calls that have their request ids.

    Of several lines of one request the call has the one that costs what the ledger says, else the first; the others
    are duplicates.

    Args:
        lines: with all others of the same request ids.
        calls: with all others of those ids; what no line names is left out.
    """
    waiting: dict[str, list[LedgerCall]] = defaultdict(list)
    for call in sorted(calls, key=_order_call):
        if call.request_id is not None:
            waiting[call.request_id].append(call)
    listed: dict[str, list[InvoiceLine]] = defaultdict(list)
    for line in sorted(lines, key=_order_line):
        listed[line.request_id].append(line)
    for request_id, billed in listed.items():
        own = waiting[request_id]
        for call in own[: len(billed)]:
            expected = next((line for line in billed if line.usd_micros == call.usd_micros), billed[0])
            billed.remove(expected)
            yield _judge(expected, call)
        for number, line in enumerate(billed):
            is_duplicate = bool(own) or number > 0
            yield Finding(Verdict.MISSING_IN_LEDGER, line, own[0] if own else None, None, is_duplicate)


def judge_absent(
    calls: Iterable[LedgerCall], span: Span, unclaimed: Collection[InvoiceLine] | None
) -> Iterator[Finding]:
    """Judge calls that no line is of: the invoice should have them, or nothing is billed, or it stays open.

    A doubt ends as not billed only where the span covers the call and no line is left that may be its.

    Args:
        unclaimed: lines that no call has; None where nothing can be concluded from them, and then no doubt ends.
    """
    for call in calls:
        if call.standing is Standing.DOUBTFUL and span.meets(call):
            is_sure = unclaimed is not None and span.covers(call) and not any(_may_be(line, call) for line in unclaimed)
            yield Finding(Verdict.MISSING_IN_INVOICE, None, call, 0 if is_sure else None)
        elif call.standing is Standing.KNOWN and call.usd_micros > 0 and span.covers(call):
            yield Finding(Verdict.MISSING_IN_INVOICE, None, call, call.usd_micros)


def measure_tally(findings: Iterable[Finding]) -> Tally:
    """Count findings and sum their money."""
    counts: dict[str, int] = defaultdict(int)
    for finding in findings:
        is_missing = finding.verdict is Verdict.MISSING_IN_INVOICE
        if not (is_missing and finding.was_doubtful):
            counts[finding.verdict.value] += 1
        counts["lines"] += finding.line is not None
        counts["displaced"] += finding.is_displaced
        counts["duplicates"] += finding.is_duplicate
        if finding.was_doubtful:
            outcome = "left" if not finding.ends_doubt else "not_billed" if is_missing else "billed"
            counts[f"doubts_{outcome}"] += 1
        counts["invoiced_usd_micros"] += finding.line.usd_micros if finding.line is not None else 0
        counts["ledger_usd_micros"] += finding.ledger_usd_micros or 0
    return Tally(**counts)


def _judge(line: InvoiceLine, call: LedgerCall) -> Finding:
    if call.standing is Standing.KNOWN:
        verdict = Verdict.MATCHED if line.usd_micros == call.usd_micros else Verdict.DIFFERENT
        return Finding(verdict, line, call, call.usd_micros)
    return Finding(Verdict.MATCHED, line, call, line.usd_micros)


def _may_be_billed(call: LedgerCall) -> bool:
    return call.standing is not Standing.KNOWN or call.usd_micros > 0


def _list_distinct(lines: Iterable[InvoiceLine]) -> list[InvoiceLine]:
    """Give the lines whose request id is theirs alone, oldest first: what is listed twice is nobody's for certain."""
    by_id: dict[str, list[InvoiceLine]] = defaultdict(list)
    for line in lines:
        by_id[line.request_id].append(line)
    return sorted((same[0] for same in by_id.values() if len(same) == 1), key=_order_line)


def _list_near(calls: Sequence[LedgerCall], lines: Sequence[InvoiceLine]) -> list[range]:
    """Give for each call the places of the lines that are billed when it may have been.

    Args:
        lines: oldest first.
    """
    times = [line.at for line in lines]
    near = []
    for call in calls:
        begin = bisect_left(times, call.started_at - CLOCK_SKEW)
        near.append(
            range(begin, len(times) if call.ended_at is None else bisect_left(times, call.ended_at + WORKED_ON))
        )
    return near


def _list_groups(fits: Sequence[frozenset[int]]) -> Iterator[tuple[set[int], set[int]]]:
    """Part calls and lines into groups of which none has to do with another: numbers of calls, places of lines."""
    wanted_by: dict[int, list[int]] = defaultdict(list)
    for number, places in enumerate(fits):
        for place in places:
            wanted_by[place].append(number)
    seen: set[int] = set()
    for first in range(len(fits)):
        if first in seen or not fits[first]:
            continue
        group, group_places, waiting = {first}, set[int](), [first]
        while waiting:
            for place in fits[waiting.pop()] - group_places:
                group_places.add(place)
                fresh = [number for number in wanted_by[place] if number not in group]
                group.update(fresh)
                waiting += fresh
        seen |= group
        yield group, group_places


def _fits(line: InvoiceLine, call: LedgerCall) -> bool:
    return bool(line.usage) and line.model == call.model and is_within(line.usage, call.usage)


def _may_be(line: InvoiceLine, call: LedgerCall) -> bool:
    """Say whether a line may be a call's, judged generously; a line that does not say what was used may be any's."""
    return (
        _is_near_in_time(line, call)
        and line.model == call.model
        and (not line.usage or is_within(line.usage, call.usage))
    )


def _is_near_in_time(line: InvoiceLine, call: LedgerCall) -> bool:
    return call.started_at - NEAR <= line.at and (call.ended_at is None or line.at <= call.ended_at + NEAR)


def is_within(used: Usage, estimate: Usage) -> bool:
    """Say whether a call may have used this: as many characters, about as long, no more tokens than were estimated.

    >>> is_within({"characters": 90}, {"characters": 90}), is_within({"characters": 89}, {"characters": 90})
    (True, False)
    >>> is_within({"cached_input_tokens": 1024, "input_tokens": 10}, {"input_tokens": 1100, "output_tokens": 50})
    True
    """
    given, expected = _join_input(used), _join_input(estimate)
    return given.keys() <= expected.keys() and all(_is_near(unit, n, expected[unit]) for unit, n in given.items())


def _is_near(unit: str, used: int, estimate: int) -> bool:
    if unit == "ms":
        return abs(used - estimate) <= max(_LEAST_MS, _PER_CENT_OF_MS * estimate)
    return used <= MOST_OVER_ESTIMATE * estimate if unit.endswith("_tokens") else used == estimate


def _join_input(usage: Usage) -> dict[str, int]:
    """Count all tokens of the request as one kind: which of them come from a cache nobody knows before."""
    joined: dict[str, int] = defaultdict(int)
    for unit, quantity in usage.items():
        if quantity:
            joined["input_tokens" if unit in _INPUT_TOKENS else unit] += quantity
    return joined


def _order_call(call: LedgerCall) -> tuple[datetime, uuid.UUID]:
    return call.started_at, call.call_id


def _order_line(line: InvoiceLine) -> tuple[datetime, str, int, str, tuple[tuple[str, int], ...]]:
    return line.at, line.request_id, line.usd_micros, line.model, _order_usage(line.usage)


def _order_usage(usage: Usage) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(usage.items()))
