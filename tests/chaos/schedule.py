"""What goes wrong when, and who submits what when: pure, drawn from a seed, so that a run can be repeated.

The times are the same again, the victims only by chance: which run is alive at a second is the machine's doing.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SERVICES = ("daemon", "code", "api", "web")
"""What the supervisor keeps alive, by the names that it has there."""

SERVICE_REST_S = 70.0
"""Shortest time between two kills of one service, seconds. Source: a supervisor ends everything at the third death
within a minute, and a service may die once more by itself when the database does."""

DATABASE_REST_S = 30.0
DATABASE_KILLS = 4
"""Bounds on the kills of Postgres. Source: its keeper starts it again five times and then gives up."""

CALM_S = 1.0
"""Nothing goes wrong before, seconds."""

TRIES = 200
"""Draws for one event before it is given up: a short schedule may have no room for another kill."""


class Family(StrEnum):
    """Whose fault it is."""

    RUN = "run"
    SERVICE = "service"
    DATABASE = "database"
    VENDOR = "vendor"
    STORE = "store"


FAMILIES = (Family.RUN, Family.VENDOR, Family.SERVICE, Family.STORE, Family.DATABASE)
WEIGHTS: Mapping[Family, int] = {
    Family.RUN: 5, Family.VENDOR: 8, Family.SERVICE: 4, Family.STORE: 2, Family.DATABASE: 1,
}  # fmt: skip
"""How often each comes, beyond the once that every family comes first."""

VENDOR_FAULTS: Mapping[str, Mapping[str, Any]] = {
    "deepgram is down": {"kind": "status", "vendor": "deepgram", "status": 503, "times": 6},
    "deepgram is full": {"kind": "status", "vendor": "deepgram", "status": 429, "times": 6, "retry_after": 1},
    "deepgram's account is used up": {"kind": "status", "vendor": "deepgram", "status": 402, "times": 2},
    "deepgram breaks": {"kind": "status", "vendor": "deepgram", "status": 500, "times": 3},
    "aura says nothing": {"kind": "empty", "vendor": "deepgram", "operation": "synthesize", "times": 2},
    "aura hangs up": {"kind": "cut", "vendor": "deepgram", "operation": "synthesize", "times": 2},
    "aura says JSON": {"kind": "json", "vendor": "deepgram", "operation": "synthesize", "times": 2},
    "recognition hangs": {"kind": "hang", "vendor": "deepgram", "operation": "recognize", "times": 1, "delay_s": 4.0},
    "openai is down": {"kind": "status", "vendor": "openai", "status": 503, "times": 6},
    "openai's account is used up": {
        "kind": "status", "vendor": "openai", "status": 429, "times": 1, "code": "insufficient_quota",
    },
    "openai drops the line": {"kind": "drop", "vendor": "openai", "times": 2},
    "a translation lacks a line": {"kind": "missing", "vendor": "openai", "times": 2},
    "a translation breaks off": {"kind": "truncated", "vendor": "openai", "times": 2},
    "elevenlabs is down": {"kind": "status", "vendor": "elevenlabs", "status": 503, "times": 6},
    "elevenlabs drops the line": {"kind": "drop", "vendor": "elevenlabs", "operation": "synthesize", "times": 3},
    "elevenlabs' account is used up": {
        "kind": "status", "vendor": "elevenlabs", "status": 401, "times": 2, "code": "quota_exceeded",
    },
    "elevenlabs hangs": {
        "kind": "hang", "vendor": "elevenlabs", "operation": "synthesize", "times": 3, "delay_s": 4.0,
    },
}  # fmt: skip
"""What `VendorEmulator.add_fault` is asked for, by what happens."""

STORE_FAULTS = ("full", "read-only")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that goes wrong.

    Attributes:
        at_s: since the first job is worked on.
        what: of its family: a service, a vendor's fault, a store's.
        lasts_s: of a store's fault; the others end by themselves.
        draw: 0-1, 1 excluded; chooses among the runs that are alive by then.
    """

    at_s: float
    family: Family
    what: str
    lasts_s: float = 0.0
    draw: float = 0.0

    @property
    def is_kill(self) -> bool:
        """Whether a process dies of it."""
        return self.family in (Family.RUN, Family.SERVICE, Family.DATABASE)


@dataclass(frozen=True, slots=True)
class Submission:
    """A job that is handed in.

    Attributes:
        number: of the job, from 1.
        recording: its recording's; some jobs share one.
        user: who; whoever has a recording in common is somebody else.
    """

    at_s: float
    number: int
    recording: int
    user: int


def plan_schedule(
    seed: int, length_s: float, count: int, *, families: Sequence[Family] = FAMILIES
) -> tuple[Event, ...]:
    """Draw what goes wrong: every family once, then at random, never more than the product says that it survives.

    Args:
        length_s: the last event comes before.
        count: how many events, fewer where there is no room.

    >>> [event.family.value for event in plan_schedule(1, 30.0, 2, families=[Family.RUN, Family.STORE])]
    ['run', 'store']
    """
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    asked = list(families)[:count]
    asked += chance.choices(families, [WEIGHTS[family] for family in families], k=max(count - len(asked), 0))
    planned: list[Event] = []
    for family in asked:
        drawn = (_draw(chance, family, length_s) for _ in range(TRIES))
        planned += [event for event in [next((each for each in drawn if _is_bearable(each, planned)), None)] if event]
    return tuple(sorted(planned, key=lambda event: event.at_s))


def plan_submissions(seed: int, length_s: float, jobs: int, users: int) -> tuple[Submission, ...]:
    """Draw who submits when: the first at once, the last while things still go wrong.

    Every third job is on the recording of the one before, by another user: what one bought the other finds.
    """
    chance = random.Random(f"submissions {seed}")  # noqa: S311 - as above
    times = [0.0, *sorted(chance.uniform(0.0, 0.7 * length_s) for _ in range(jobs - 1))]
    return tuple(
        Submission(round(at_s, 1), number, number - (number % 3 == 0), number % users)
        for number, at_s in enumerate(times, start=1)
    )


def _draw(chance: random.Random, family: Family, length_s: float) -> Event:
    at_s = round(chance.uniform(CALM_S, length_s), 1)
    match family:
        case Family.SERVICE:
            return Event(at_s, family, chance.choice(SERVICES))
        case Family.VENDOR:
            return Event(at_s, family, chance.choice(sorted(VENDOR_FAULTS)))
        case Family.STORE:
            return Event(at_s, family, chance.choice(STORE_FAULTS), lasts_s=round(chance.uniform(2.0, 6.0), 1))
        case Family.RUN:
            return Event(at_s, family, "run", draw=chance.random())
        case Family.DATABASE:
            return Event(at_s, family, "postgres")


def _is_bearable(event: Event, planned: Sequence[Event]) -> bool:
    same = [other for other in planned if (other.family, other.what) == (event.family, event.what)]
    apart_s = min((abs(other.at_s - event.at_s) for other in same), default=float("inf"))
    match event.family:
        case Family.SERVICE:
            return apart_s >= SERVICE_REST_S
        case Family.DATABASE:
            return apart_s >= DATABASE_REST_S and len(same) < DATABASE_KILLS
        case Family.STORE:
            broken = [other for other in planned if other.family is Family.STORE]
            return not any(_overlap(event, other) for other in broken)
        case _:
            return True


def _overlap(one: Event, other: Event) -> bool:
    return one.at_s < other.at_s + other.lasts_s + 1.0 and other.at_s < one.at_s + one.lasts_s + 1.0
