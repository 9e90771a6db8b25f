"""How long things of a customer are kept, and which of them are due to be erased: decided here, done elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What is kept for a while."""

    ARTIFACT = "artifact"
    JOB = "job"
    UPLOAD = "upload"
    TAKE = "take"
    TRANSCRIPT = "transcript"
    TRANSLATION = "translation"
    ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class Policy:
    """How long each kind is kept, counted as `Holding.counts_from` says.

    Attributes:
        artifact: nothing beyond its own end, which each artifact carries.
        job: a finished job's words.
        orphan: an object in the store that no row knows.
    """

    job: timedelta
    upload: timedelta
    take: timedelta
    transcript: timedelta
    translation: timedelta
    orphan: timedelta
    artifact: timedelta = timedelta(0)

    def get_limit(self, kind: Kind) -> timedelta:
        """Return how long a kind is kept."""
        limit: timedelta = getattr(self, kind.value)
        return limit

    def find_cutoff(self, kind: Kind, now: datetime) -> datetime:
        """Return the time from which on, looking back, things of a kind are due."""
        return now - self.get_limit(kind)


@dataclass(frozen=True, slots=True)
class Holding:
    """A thing that is kept.

    Attributes:
        counts_from: when the time began for which it is kept.
        in_use: somebody works on it, or a job that lives needs it.
    """

    kind: Kind
    id: str
    counts_from: datetime
    in_use: bool = False


@dataclass(frozen=True, slots=True)
class Purge:
    """Holdings by what becomes of them.

    Attributes:
        due: to be erased, the oldest first.
        in_use: as old, but left until nobody needs them.
        fresh: to be kept.
    """

    due: tuple[Holding, ...]
    in_use: tuple[Holding, ...]
    fresh: tuple[Holding, ...]


def plan_purge(holdings: Iterable[Holding], policy: Policy, now: datetime) -> Purge:
    """Choose what is to be erased: what is as old as the policy allows, to the moment, and that nobody uses.

    >>> from datetime import UTC
    >>> day = timedelta(days=1)
    >>> made = datetime(2026, 11, 1, tzinfo=UTC)
    >>> kept = Holding(Kind.UPLOAD, "a", made)
    >>> policy = Policy(job=day, upload=day, take=day, transcript=day, translation=day, orphan=day)
    >>> [len(plan_purge([kept], policy, made + age).due) for age in (day * 0.99, day)]
    [0, 1]
    """
    by_age = sorted(holdings, key=lambda each: (each.counts_from, each.kind.value, each.id))
    old = [each for each in by_age if each.counts_from <= policy.find_cutoff(each.kind, now)]
    return Purge(
        due=tuple(each for each in old if not each.in_use),
        in_use=tuple(each for each in old if each.in_use),
        fresh=tuple(each for each in by_age if each.counts_from > policy.find_cutoff(each.kind, now)),
    )
