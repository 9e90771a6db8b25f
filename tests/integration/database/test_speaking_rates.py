"""What is known of voices' pace, in a real Postgres: jobs that learn at the same time lose nothing of each other."""

import uuid

import pytest

from dubbing.speaking_rates import Lesson, learn
from resources.database.connection import Database
from tests.integration.purchasing.shop import run_all


def find_rate(database: Database, voice: str) -> float | None:
    with database.transaction() as tx:
        return tx.rates.list_rates("es").get(voice)


def test_a_voice_begins_with_the_seed_and_learns_from_there(database: Database) -> None:
    voice, lesson = uuid.uuid4().hex, Lesson(cps=10.0, takes=2)
    with database.transaction() as tx:
        tx.rates.record_lessons("es", {voice: lesson})
        tx.rates.record_lessons("pt-BR", {voice: Lesson(cps=20.0, takes=1)})
    assert find_rate(database, voice) == pytest.approx(learn(None, lesson, "es"))


def test_jobs_that_learn_of_the_same_voices_at_once_wait_for_each_other(database: Database) -> None:
    voices, lesson = [uuid.uuid4().hex for _ in range(3)], Lesson(cps=10.0, takes=1)

    def teach(order: int) -> None:
        with database.transaction() as tx:
            tx.rates.record_lessons("es", dict.fromkeys(voices[::order], lesson))

    run_all([lambda: teach(1), lambda: teach(-1)] * 4)
    expected = learn(None, Lesson(cps=10.0, takes=8), "es")
    assert [find_rate(database, voice) for voice in voices] == pytest.approx([expected] * 3)
