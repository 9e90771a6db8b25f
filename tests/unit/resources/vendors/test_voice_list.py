import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dubbing.errors import DubbingError, VendorAuthError, VendorUnavailableError
from resources.vendors.voice_list import PAUSE, TTL, CachedVoiceList

Voices = list[dict[str, Any]]

START = datetime(2026, 11, 1, tzinfo=UTC)
ADA, BEA = {"id": "ada"}, {"id": "bea"}


class World:
    """A clock, a vendor and a table; it cannot prove anything about Postgres."""

    def __init__(self) -> None:
        self.now = START
        self.answer: Voices | DubbingError = [ADA]
        self.asked = 0
        self.kept: tuple[datetime, Voices] | None = None

    def load(self) -> Voices:
        self.asked += 1
        if isinstance(self.answer, DubbingError):
            raise self.answer
        return self.answer

    def write(self, voices: Voices) -> None:
        self.kept = (self.now, voices)

    def build(self, load: Callable[[], Voices] | None = None) -> CachedVoiceList:
        return CachedVoiceList("Acme", load or self.load, lambda: self.kept, self.write, clock=lambda: self.now)


@pytest.fixture
def world() -> World:
    return World()


def test_the_vendor_is_asked_once_an_hour(world: World) -> None:
    voices = world.build()
    first = voices.get()
    world.now += TTL - timedelta(seconds=1)
    assert voices.get() is first
    world.now += timedelta(seconds=1)
    world.answer = [BEA]
    assert (voices.get(), world.asked) == ([BEA], 2)


def test_what_another_process_fetched_meanwhile_is_taken_over(world: World) -> None:
    voices = world.build()
    voices.get()
    world.now += TTL
    world.kept = (world.now, [BEA])
    assert (voices.get(), world.asked) == ([BEA], 1)


def test_the_old_list_is_used_while_the_vendor_fails_and_it_is_left_alone_for_a_while(world: World) -> None:
    voices = world.build()
    voices.get()
    world.now += TTL
    world.answer = VendorUnavailableError("Down.")
    assert [voices.get() for _ in range(3)] == [[ADA]] * 3
    assert world.asked == 2
    world.now += PAUSE
    world.answer = [BEA]
    assert voices.get() == [BEA]


def test_without_any_list_the_error_says_what_to_do_and_the_next_try_comes_later(world: World) -> None:
    voices = world.build()
    world.answer = VendorUnavailableError("Down.")
    for _ in range(2):
        with pytest.raises(VendorUnavailableError, match="The voices of Acme cannot be listed now; try again"):
            voices.get()
    assert world.asked == 1
    world.now += PAUSE
    world.answer = [ADA]
    assert voices.get() == [ADA]


def test_a_refusal_that_waiting_does_not_help_is_said_as_it_is(world: World) -> None:
    voices = world.build()
    world.answer = VendorAuthError("Wrong key.")
    for _ in range(2):
        with pytest.raises(VendorAuthError, match="Wrong key"):
            voices.get()


def test_threads_that_come_at_once_ask_once(world: World) -> None:
    entered, released = threading.Event(), threading.Event()

    def load() -> Voices:
        entered.set()
        assert released.wait(10)
        return world.load()

    voices = world.build(load)
    with ThreadPoolExecutor(4) as threads:
        results = [threads.submit(voices.get) for _ in range(4)]
        assert entered.wait(10)
        released.set()
        assert [result.result() for result in results] == [[ADA]] * 4
    assert world.asked == 1
