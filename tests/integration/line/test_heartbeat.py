import threading
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from uuid import UUID

import pytest

from dub_assets.heartbeat import BEAT_S, keep_beating
from dubbing.errors import DatabaseUnavailableError
from tests.integration.line.conftest import Line
from tests.support.waiting import wait_for


def read_heartbeat(line: Line, job_id: UUID, language: str = "es") -> datetime | None:
    return get_language(line, job_id, language)[0]


def get_language(line: Line, job_id: UUID, language: str) -> tuple[datetime | None, str | None]:
    with line.database.transaction() as tx:
        task = next(task for task in tx.jobs.list_languages(job_id) if task.language == language)
        return task.heartbeat_at, task.waiting_on


def test_the_heartbeat_goes_on_during_one_long_call(build_line: Callable[..., Line]) -> None:
    line = build_line()
    speaking, go_on = threading.Event(), threading.Event()
    beats: list[datetime] = []

    def speak_slowly(spoken: str, language: str) -> bool:
        speaking.set()
        return not go_on.wait(60)

    line.synthesizer.fails = speak_slowly
    job_id = line.submit("es")
    thread = threading.Thread(target=lambda: line.run(job_id))
    thread.start()
    assert speaking.wait(30)

    def has_beaten_for_six_seconds() -> bool:
        beat = read_heartbeat(line, job_id)
        if beat is not None and beat not in beats:
            beats.append(beat)
        return (beats[-1] - beats[0]).total_seconds() > 6

    wait_for(has_beaten_for_six_seconds, "heartbeats over six seconds")
    go_on.set()
    thread.join(60)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(beats)]
    assert max(gaps) < 5
    assert BEAT_S < 5


def test_a_language_without_a_worker_shows_that_it_waits(build_line: Callable[..., Line]) -> None:
    languages = ("es", "fr", "pt-BR")
    line = build_line(languages)
    speaking, go_on = threading.Barrier(3), threading.Event()

    def speak_slowly(spoken: str, language: str) -> bool:
        if not go_on.is_set():
            speaking.wait(30)
        return not go_on.wait(60)

    line.synthesizer.fails = speak_slowly
    job_id = line.submit(*languages)
    thread = threading.Thread(target=lambda: line.run(job_id))
    thread.start()
    speaking.wait(30)
    waiting = {language: get_language(line, job_id, language)[1] for language in languages}
    go_on.set()
    thread.join(60)
    assert waiting == {"es": None, "fr": None, "pt-BR": "queue"}
    assert {get_language(line, job_id, language)[1] for language in languages} == {None}


def test_a_heartbeat_survives_a_database_that_is_gone_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dub_assets.heartbeat.BEAT_S", 0.01)
    beats: list[int] = []

    def beat() -> None:
        beats.append(1)
        if len(beats) == 2:
            raise DatabaseUnavailableError("gone")

    with keep_beating(beat):
        wait_for(lambda: len(beats) > 3, "a beat after the one that failed")


def test_a_heartbeat_ends_with_its_work_and_keeps_no_process_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dub_assets.heartbeat.BEAT_S", 0.01)
    with keep_beating(lambda: None):
        [thread] = [thread for thread in threading.enumerate() if thread.name == "heartbeat"]
        assert thread.daemon
    assert not thread.is_alive()
