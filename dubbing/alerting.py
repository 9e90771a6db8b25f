"""When somebody should look at the money: readings held against thresholds, and what follows for the alerts open now.

A reading that is gone, such as that of a limit that was lifted or of a month that is over, keeps no alert open.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from dubbing.errors import InputError

INSTALLATION = "installation"
"""Subject of what is said of the whole installation; other subjects are a user's id, or a vendor."""

PERCENT = 100

MAX_NAME_CHARACTERS = 64

LEAST_PAYMENT = 10
"""Part of a credit, one in so many, that a rise must pass to be a payment. Source: house rule; vendors' smallest
payments are far more, their corrections far less."""


class AlertKind(StrEnum):
    """What a threshold is of."""

    BUDGET_USED = "budget_used"
    VENDOR_QUOTA_LEFT = "vendor_quota_left"
    SPEND_RATE = "spend_rate"
    INVOICE_VARIANCE = "invoice_variance"


THRESHOLDS: Mapping[AlertKind, range] = {
    AlertKind.BUDGET_USED: range(1, 1_001),
    AlertKind.VENDOR_QUOTA_LEFT: range(100),
    AlertKind.SPEND_RATE: range(1, 10**15),
    AlertKind.INVOICE_VARIANCE: range(1, 1_001),
}
"""What a threshold may be: percent, and for the spend rate micro-dollars an hour.

A threshold that every reading is past would be no alert, so 0 and, of a quota left, 100 are left out.
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """A threshold by name; what is off raises nothing."""

    name: str
    kind: AlertKind
    threshold: int
    is_on: bool = True


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured now, in the unit of its kind; a subject has one of each kind."""

    kind: AlertKind
    subject: str
    value: int


@dataclass(frozen=True, slots=True)
class Alert:
    """A threshold that was reached, as both were then; a rule has one open alert of a subject."""

    rule: str
    kind: AlertKind
    subject: str
    threshold: int
    value: int


@dataclass(frozen=True, slots=True)
class AlertPlan:
    """What to raise, and what to clear before that."""

    to_raise: tuple[Alert, ...]
    to_clear: tuple[Alert, ...]


def build_rule(name: str, kind: AlertKind, threshold: int, *, is_on: bool = True) -> Rule:
    """Make a rule of what somebody wants.

    Raises:
        InputError: a name that cannot be shown on one line, or a threshold that no reading or every reading is past.
    """
    is_readable = name == name.strip() and name.isprintable() and "/" not in name  # it is part of an address
    if not is_readable or not 0 < len(name) <= MAX_NAME_CHARACTERS:
        raise InputError(f"Give the rule a name of 1 to {MAX_NAME_CHARACTERS} characters on one line, without a slash.")
    allowed = THRESHOLDS[kind]
    if threshold not in allowed:
        unit = "micro-dollars an hour" if kind == AlertKind.SPEND_RATE else "percent"
        raise InputError(f"Give {kind} a threshold from {allowed[0]} to {allowed[-1]} {unit}.")
    return Rule(name, kind, threshold, is_on)


def plan_alerts(rules: Collection[Rule], readings: Collection[Reading], open_: Collection[Alert]) -> AlertPlan:
    """Decide which alerts begin and which end.

    An open alert stays while its rule is on, is what it was, and the reading is past its threshold. A rule of another
    kind or threshold is another alert: the old one ends, and a new one begins where the reading is past that too.

    >>> rule = Rule("budget nearly used", AlertKind.BUDGET_USED, 80)
    >>> plan = plan_alerts([rule], [Reading(AlertKind.BUDGET_USED, INSTALLATION, 80)], [])
    >>> plan.to_raise[0].value, plan_alerts([rule], [], plan.to_raise).to_clear == plan.to_raise
    (80, True)
    """
    due = {
        (rule.name, reading.subject): Alert(rule.name, rule.kind, reading.subject, rule.threshold, reading.value)
        for rule in rules
        if rule.is_on
        for reading in readings
        if reading.kind == rule.kind and is_past(rule, reading.value)
    }
    staying = {
        (alert.rule, alert.subject)
        for alert in open_
        if (same := due.get((alert.rule, alert.subject))) is not None
        and (same.kind, same.threshold) == (alert.kind, alert.threshold)
    }
    return AlertPlan(
        to_raise=tuple(alert for name, alert in due.items() if name not in staying),
        to_clear=tuple(alert for alert in open_ if (alert.rule, alert.subject) not in staying),
    )


def is_past(rule: Rule, value: int) -> bool:
    """Tell whether a value is at the threshold or past it: below for what is left, above for everything else."""
    return value <= rule.threshold if rule.kind == AlertKind.VENDOR_QUOTA_LEFT else value >= rule.threshold


def measure_used(used_usd_micros: int, limit_usd_micros: int) -> int:
    """Say how much of a budget is used, in whole percent rounded down, so that 100 is reached when nothing is left.

    Of a budget of nothing all is used as soon as anything is.

    >>> measure_used(999_999, 1_000_000), measure_used(1_000_000, 1_000_000), measure_used(1, 0)
    (99, 100, 100)
    """
    used = max(0, used_usd_micros)
    if limit_usd_micros <= 0:
        return PERCENT if used else 0
    return PERCENT * used // limit_usd_micros


def measure_left(units_left: int, units_total: int) -> int:
    """Say how much of a quota is left, in whole percent rounded up, so that 0 is reached when nothing is left.

    >>> measure_left(1, 100_000), measure_left(0, 100_000), measure_left(0, 0)
    (1, 0, 0)
    """
    if units_total <= 0:
        return 0
    return -(-PERCENT * max(0, units_left) // units_total)


def measure_variance(variance_usd_micros: int, invoiced_usd_micros: int) -> int:
    """Say by how much of an invoice the ledger differs, either way, in whole percent rounded down.

    An invoice of nothing differs by 100 % where the ledger has anything.

    >>> measure_variance(-25_000, 1_000_000), measure_variance(9_999, 1_000_000), measure_variance(-7, 0)
    (2, 0, 100)
    """
    if invoiced_usd_micros <= 0:
        return PERCENT if variance_usd_micros else 0
    return PERCENT * abs(variance_usd_micros) // invoiced_usd_micros


def plan_total(left: int, before: tuple[int, int] | None) -> int:
    """Say of how much a vendor's credit is left, where the vendor tells only what is left.

    It is what there was after the last payment that we saw. A rise of less than a tenth is no payment: vendors correct
    their accounts, and an account that is nearly empty is not to look full for it.

    Args:
        left: now.
        before: what was left, and of how much, when last asked; None where it never was.

    >>> plan_total(40, None), plan_total(30, (40, 40)), plan_total(31, (30, 40)), plan_total(130, (30, 40))
    (40, 40, 40, 130)
    """
    if before is None:
        return left
    left_before, total = before
    is_payment = (left - left_before) * LEAST_PAYMENT > total
    return left if is_payment else max(left, total)
