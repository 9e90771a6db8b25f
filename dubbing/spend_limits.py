"""What to hold for a job, whether a call may begin under a hold, and what of a job its user pays.

All sums are whole micro-dollars. Whether a budget carries a hold is for Postgres to say, where two cannot ask at once.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from dubbing.errors import SpendLimitReachedError, SpendLimitTooLowError

TOO_LOW = "The job cannot be made for as little as its max_spend_usd says; raise it, or ask for less."
REACHED = "To go on would cost more than the job's max_spend_usd; what is made so far stays."


@dataclass(frozen=True, slots=True)
class Need:
    """What work is thought to cost.

    Attributes:
        lowest: where nothing has to be made twice.
        worst: where all that may be made again is; 0 where every engine is free.
    """

    lowest_usd_micros: int
    worst_usd_micros: int


@dataclass(frozen=True, slots=True)
class Account:
    """Where the money of a job stands.

    Attributes:
        total: what its calls have cost so far: those of unknown outcome, and those under way, as estimated.
        uncounted: what the open hold has to carry of it: what no balance has counted yet, of the installation's or of
            its user's, whichever is more. What a language cost that failed is counted for the user when it is made
            again, though the installation has counted it before.
        held: of the open hold; 0 where there is none.
        max: what its user lets it cost at most; None where they did not say.
    """

    total_usd_micros: int = 0
    uncounted_usd_micros: int = 0
    held_usd_micros: int = 0
    max_usd_micros: int | None = None

    def bound(self, usd_micros: int) -> int:
        """Take no more than a hold may be, so that the whole job costs no more than it may; but all that it carries."""
        if self.max_usd_micros is not None:
            usd_micros = min(usd_micros, self.max_usd_micros - self.total_usd_micros + self.uncounted_usd_micros)
        return max(self.uncounted_usd_micros, usd_micros)


def plan_hold(account: Account, need: Need) -> int:
    """Choose what to hold for work that is about to be queued, on top of what is held for other work.

    What is spent already and not held for is found again, and so part of the need.

    Returns:
        The worst case, but no more than the job may cost.

    Raises:
        SpendLimitTooLowError: not even the lowest estimate fits into what it may cost, or all of that is spent.

    >>> plan_hold(Account(max_usd_micros=500), Need(300, 900))
    500
    """
    if account.max_usd_micros is not None and need.worst_usd_micros > 0:
        is_used_up = account.total_usd_micros > 0 and account.total_usd_micros >= account.max_usd_micros
        if is_used_up or account.max_usd_micros < need.lowest_usd_micros:
            raise SpendLimitTooLowError(TOO_LOW)
    begun = max(account.held_usd_micros, account.uncounted_usd_micros) if account.held_usd_micros else 0
    return max(account.held_usd_micros, account.bound(begun + need.worst_usd_micros))


@dataclass(frozen=True, slots=True)
class Cover:
    """What the hold of a job under way is to become.

    Attributes:
        wanted: so that no further call has to ask.
        least: without which there is no sense in going on.
    """

    wanted_usd_micros: int
    least_usd_micros: int


def plan_cover(account: Account, need: Need) -> Cover:
    """Choose what to hold once more is known of what a whole job needs; part of that may be spent already.

    Raises:
        SpendLimitReachedError: what it needs at least is more than it may cost.

    >>> plan_cover(Account(100, 100, held_usd_micros=900, max_usd_micros=800), Need(300, 400))
    Cover(wanted_usd_micros=400, least_usd_micros=300)
    """
    if account.max_usd_micros is not None and account.max_usd_micros < need.lowest_usd_micros:
        raise SpendLimitReachedError(REACHED)
    wanted = account.bound(need.worst_usd_micros)
    # Of a job that is made again, what it has cost before is found again and not bought.
    rest = need.lowest_usd_micros - (account.total_usd_micros - account.uncounted_usd_micros)
    return Cover(wanted, min(wanted, max(rest, account.uncounted_usd_micros)))


def plan_call(account: Account, estimate_usd_micros: int) -> int:
    """Say by how much a hold is to be raised before a call may begin; 0 where it fits.

    Raises:
        SpendLimitReachedError: the job would cost more than it may.

    >>> plan_call(Account(70, 70, held_usd_micros=100), 30)
    0
    >>> plan_call(Account(80, 80, held_usd_micros=100), 30)
    10
    """
    if account.max_usd_micros is not None and account.total_usd_micros + estimate_usd_micros > account.max_usd_micros:
        raise SpendLimitReachedError(REACHED)
    return max(0, account.uncounted_usd_micros + estimate_usd_micros - account.held_usd_micros)


def measure_charge(costs: Mapping[str | None, int], charged: Collection[str]) -> int:
    """Sum what the user pays of a job: delivered languages, and what all share if there is one.

    Args:
        costs: by language; under None what all languages share.
        charged: languages that are delivered; while work goes on, those under way too.

    >>> measure_charge({None: 10, "es": 200, "fr": 3000}, {"es"})
    210
    >>> measure_charge({None: 10, "fr": 3000}, set())
    0
    """
    return sum(cost for language, cost in costs.items() if (charged if language is None else language in charged))
