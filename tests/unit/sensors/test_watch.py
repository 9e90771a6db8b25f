from datetime import timedelta

from sensors.watch import LONGEST_BREAK, Watch


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def look_for(watch: Watch, clock: Clock, seconds: int) -> timedelta:
    for _ in range(seconds // 5):
        clock.now_s += 5
        watched_for = watch.look()
    return watched_for


def test_looking_begins_with_the_first_look_and_lasts_without_a_break() -> None:
    watch = Watch(clock := Clock())
    assert watch.look() == timedelta(0)
    assert look_for(watch, clock, 90) == timedelta(seconds=90)


def test_it_begins_anew_when_nothing_could_be_seen() -> None:
    watch = Watch(clock := Clock())
    look_for(watch, clock, 90)
    watch.break_off()
    clock.now_s += 5
    assert watch.look() == timedelta(0)


def test_it_begins_anew_after_a_break_as_a_suspended_machine_has_it() -> None:
    watch = Watch(clock := Clock())
    look_for(watch, clock, 90)
    clock.now_s += LONGEST_BREAK.total_seconds() + 1
    assert watch.look() == timedelta(0)


def test_it_begins_anew_when_the_clock_is_put_back() -> None:
    watch = Watch(clock := Clock())
    look_for(watch, clock, 90)
    clock.now_s -= 3600
    assert watch.look() == timedelta(0)
