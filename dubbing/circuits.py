"""The circuit breaker of a vendor: after failures in a row nobody calls for a while, then one goes first.

Its success lets in the others; its failure makes the next while twice as long.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

THRESHOLD = 5
"""Failures in a row, of all callers together, that open the circuit. Source: house rule; a single call is tried four
times, so one unlucky call alone does not open it."""

FIRST_OPENING = timedelta(seconds=15)
"""How long the circuit stays open the first time; twice as long each time after, as long as nobody succeeds."""

LONGEST_OPENING = timedelta(minutes=4)
"""Longest opening that is our own idea; a vendor may ask for more."""

TRIAL = timedelta(seconds=30)
"""How long the others wait for the one that tries; after that another one tries."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """How a vendor has been answering lately.

    Attributes:
        failures: since the last success.
        openings: since the last success.
        open_until: nobody calls before that; None while the circuit is closed.
        is_trial: one caller is trying, and the others wait for it until ``open_until``.
        changed_at: when it last opened or closed; None where it never did.
    """

    failures: int = 0
    openings: int = 0
    open_until: datetime | None = None
    is_trial: bool = False
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """Whether to call now.

    Attributes:
        wait: how long not to call; zero to go on.
        circuit: as it is from now on.
    """

    wait: timedelta
    circuit: Circuit


def plan_entry(circuit: Circuit, now: datetime) -> Entry:
    """Let a caller in, or not; whoever comes first after an opening is let in to try."""
    if circuit.open_until is None:
        return Entry(timedelta(), circuit)
    if now < circuit.open_until:
        return Entry(circuit.open_until - now, circuit)
    return Entry(timedelta(), replace(circuit, open_until=now + TRIAL, is_trial=True))


def plan_success(circuit: Circuit, now: datetime, *, began_at: datetime) -> Circuit:
    """Count from the start again; the success of the one that tried closes the circuit.

    Args:
        began_at: when the call was let in; one that was under way before the circuit opened says nothing of it.
    """
    if circuit.open_until is None:
        return replace(circuit, failures=0)
    is_late = circuit.changed_at is not None and began_at < circuit.changed_at
    return circuit if is_late else Circuit(changed_at=now)


def plan_failure(
    circuit: Circuit, now: datetime, *, began_at: datetime, retry_after: timedelta = timedelta()
) -> Circuit:
    """Count a failure, and open the circuit where it is one too many.

    A call that was under way when the circuit opened changes nothing more when it fails too, not even after somebody
    else's success has closed the circuit.

    Args:
        began_at: when the call that failed was let in.
        retry_after: how long the vendor asks everybody to wait.
    """
    is_open = circuit.open_until is not None and not circuit.is_trial
    is_late = circuit.changed_at is not None and began_at < circuit.changed_at
    if is_open or is_late:
        return circuit
    failed = replace(circuit, failures=circuit.failures + 1)
    if failed.failures < THRESHOLD:
        return failed
    opening = max(min(FIRST_OPENING * 2 ** min(circuit.openings, 10), LONGEST_OPENING), retry_after)
    return Circuit(failed.failures, circuit.openings + 1, now + opening, is_trial=False, changed_at=now)
