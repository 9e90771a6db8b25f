from datetime import UTC, datetime, timedelta

import pytest

from dubbing.retention import Holding, Kind, Policy, plan_purge

NOW = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
POLICY = Policy(
    job=2 * HOUR, upload=3 * HOUR, take=4 * HOUR, transcript=5 * HOUR, translation=6 * HOUR, orphan=7 * HOUR
)


@pytest.mark.parametrize("kind", Kind)
def test_exactly_at_the_limit_of_its_kind_a_thing_is_due(kind: Kind) -> None:
    limit = POLICY.get_limit(kind)
    at, before = Holding(kind, "a", NOW - limit), Holding(kind, "b", NOW - limit + timedelta(microseconds=1))
    purge = plan_purge([at, before], POLICY, NOW)
    assert (purge.due, purge.fresh) == ((at,), (before,))


def test_what_is_old_and_in_use_is_left_and_told() -> None:
    held = Holding(Kind.TAKE, "a", NOW - 9 * HOUR, in_use=True)
    purge = plan_purge([held], POLICY, NOW)
    assert (purge.due, purge.in_use) == ((), (held,))


def test_what_is_young_and_in_use_is_only_young() -> None:
    held = Holding(Kind.TAKE, "a", NOW, in_use=True)
    assert plan_purge([held], POLICY, NOW).fresh == (held,)


def test_an_artifact_is_kept_to_its_own_end_and_no_longer() -> None:
    assert POLICY.get_limit(Kind.ARTIFACT) == timedelta(0)
