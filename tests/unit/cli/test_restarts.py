from cli.supervisor import DEATHS_WINDOW_S, plan_restart


def test_the_pause_grows_with_each_death_that_counts() -> None:
    assert plan_restart([100.0]) == 1
    assert plan_restart([100.0, 101.0]) == 2


def test_the_third_death_within_the_window_is_the_last() -> None:
    assert plan_restart([100.0, 130.0, 159.9]) is None


def test_deaths_long_ago_do_not_count() -> None:
    assert plan_restart([0.0, 30.0, 30.0 + DEATHS_WINDOW_S]) == 1
