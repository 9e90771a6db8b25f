"""Work that waits for what is away: the store, space on the disk, the database.

The store is away by a wrapper that refuses, as a store that cannot be reached does; it cannot prove what each store's
own client raises. The disk and the database are real ones.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import dagster as dg
import psutil
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from dub_assets import parking
from dub_assets.captions import FORMATS
from dub_assets.instance import open_instance
from dub_assets.parking import wait_until
from dub_assets.waiting import Waiting
from dubbing.errors import StorageError
from dubbing.jobs import WaitingOn
from resources.container import Container
from resources.database.connection import Database
from resources.database.server.files import ServerState
from resources.database.tables import VendorCall
from resources.media.ffmpeg import find_ffmpeg
from resources.settings import Settings
from resources.storage.port import ObjectStore
from tests.integration.line.conftest import Line
from tests.support.audio import encode, make_noise
from tests.support.disks import small_disk
from tests.support.engines import MarkingTranslator, ScriptedRecognizer, ToneSynthesizer, make_words
from tests.support.postgres import fresh_database, postgres_server
from tests.support.postgres_users import get_state

TO_CAPTIONS = ["transcript", "translation", "tts_audio", "captions"]
"""As far as the line goes without mixing, which takes longest."""


class MoodyStore:
    """A store that refuses while it is away, and goes away before it takes a key that it is to stumble over."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.is_away = False
        self.stumbles_over = "?"
        self.stays = False

    def __getattr__(self, name: str) -> Any:
        offered = getattr(self._store, name)
        if name not in {"put", "fetch", "read", "find_info"}:
            return offered

        def ask(key: str, *arguments: Any, **options: Any) -> Any:
            if self.stumbles_over in key:
                self.is_away, self.stumbles_over = not self.stays, self.stumbles_over if self.stays else "?"
                raise StorageError("The store does not answer.")
            if self.is_away:
                raise StorageError("The store does not answer.")
            return offered(key, *arguments, **options)

        return ask


@pytest.fixture(autouse=True)
def _short_and_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often, and let no try pass that counts: whatever goes on here has burnt none."""
    monkeypatch.setattr(parking, "PARKED_PAUSES_S", (0.01, 0.05))
    monkeypatch.setattr(parking, "_JITTER_S", 0.0)
    monkeypatch.setattr("dub_assets.retries.RETRIES", dg.RetryPolicy(max_retries=0))
    monkeypatch.setattr("dub_assets.heartbeat.BEAT_S", 0.05)


@pytest.fixture
def moody(build_line: Callable[..., Line]) -> tuple[Line, MoodyStore]:
    line = build_line()
    store = MoodyStore(line.container.store)
    vars(line.container)["store"] = store
    return line, store


@pytest.fixture
def when_shown(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], list[tuple[str | None, str]]]:
    """Do something as soon as a wait is shown; gives the waits that were."""
    show = Waiting.show

    def arrange(act: Callable[[], object]) -> list[tuple[str | None, str]]:
        shown: list[tuple[str | None, str]] = []

        def watch(self: Waiting, language: str | None, waiting_on: WaitingOn) -> None:
            show(self, language, waiting_on)
            shown.append((language, waiting_on.value))
            act()

        monkeypatch.setattr(Waiting, "show", watch)
        return shown

    return arrange


def read_waits(line: Line, job_id: UUID) -> dict[str, str | None]:
    with line.database.transaction() as tx:
        return {task.language: task.waiting_on for task in tx.jobs.list_languages(job_id)}


def read_errors(line: Line, job_id: UUID) -> dict[str, str | None]:
    with line.database.transaction() as tx:
        return {task.language: task.error_code for task in tx.jobs.list_languages(job_id)}


def list_calls(line: Line, job_id: UUID) -> list[tuple[str, str]]:
    with line.database.transaction() as tx:
        calls = tx.session.scalars(select(VendorCall).where(VendorCall.job_id == job_id))
        return sorted((call.operation, call.state) for call in calls)


def count_begun(result: dg.ExecuteInProcessResult, step: str) -> int:
    return sum(event.step_key == step and event.is_step_start for event in result.all_events) + sum(
        event.step_key == step and event.event_type_value == "STEP_RESTARTED" for event in result.all_events
    )


def test_a_language_waits_for_a_store_that_is_away_and_goes_on_by_itself(
    moody: tuple[Line, MoodyStore], when_shown: Callable[..., list[tuple[str | None, str]]]
) -> None:
    line, store = moody
    job_id = line.submit("es", "pt-BR")
    seen: list[dict[str, str | None]] = []

    def come_back() -> None:
        seen.append(read_waits(line, job_id))
        store.is_away = False

    shown = when_shown(come_back)
    store.stumbles_over = "es/captions"
    result = line.run(job_id, TO_CAPTIONS)
    assert result.success
    assert shown[0] == ("es", "store")
    assert seen[0]["es"] == "store"
    assert read_waits(line, job_id) == {"es": None, "pt-BR": None}
    assert count_begun(result, "captions") == 1
    assert read_errors(line, job_id) == {"es": None, "pt-BR": None}
    # Two lines in two languages, each bought once.
    assert list_calls(line, job_id) == sorted(
        [("recognize", "settled"), *[("translate", "settled")] * 2, *[("synthesize", "settled")] * 4]
    )


def test_a_stage_that_meets_the_outage_itself_begins_anew_when_it_is_over(
    moody: tuple[Line, MoodyStore], when_shown: Callable[..., list[tuple[str | None, str]]]
) -> None:
    line, store = moody
    job_id = line.submit("es", "pt-BR")

    def come_back() -> None:
        store.is_away = False

    shown = when_shown(come_back)
    store.stumbles_over = "source"  # the recording
    result = line.run(job_id, ["transcript"])
    assert result.success
    assert shown[0] == (None, "store")
    assert count_begun(result, "transcript") == 2
    assert line.recognizer.calls == 1


def test_a_cancel_ends_the_wait(
    moody: tuple[Line, MoodyStore], when_shown: Callable[..., list[tuple[str | None, str]]]
) -> None:
    line, store = moody
    job_id = line.submit("es")

    def cancel() -> None:
        with line.database.transaction() as tx:
            tx.jobs.cancel(job_id)

    when_shown(cancel)
    store.stumbles_over = "source"
    result = line.run(job_id, ["transcript"])
    run = line.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.CANCELED
    assert store.is_away
    assert line.states(job_id) == {"es": "cancelled"}


def test_after_the_patience_the_error_counts(moody: tuple[Line, MoodyStore], monkeypatch: pytest.MonkeyPatch) -> None:
    line, store = moody
    job_id = line.submit("es")
    monkeypatch.setattr(parking.Tally, "measure_patience_s", lambda tally, limit_s: limit_s / 60_000)
    store.stumbles_over = "source"
    assert not line.run(job_id, ["transcript"]).success
    assert line.states(job_id) == {"es": "failed"}
    assert read_errors(line, job_id) == {"es": "storage_failed"}


def test_a_store_that_answers_and_refuses_one_language_costs_that_language_alone(
    moody: tuple[Line, MoodyStore], when_shown: Callable[..., list[tuple[str | None, str]]]
) -> None:
    line, store = moody
    job_id = line.submit("es", "pt-BR")
    shown = when_shown(lambda: None)
    store.stumbles_over, store.stays = "es/captions", True
    assert line.run(job_id, TO_CAPTIONS).success
    assert read_errors(line, job_id) == {"es": "storage_failed", "pt-BR": None}
    assert shown == []


def test_a_full_disk_is_waited_for(
    build_line: Callable[..., Line],
    when_shown: Callable[..., list[tuple[str | None, str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = build_line()
    settings = line.container.settings
    monkeypatch.setattr(parking, "SPACE_BYTES", 1 << 20)
    with small_disk(settings.store_dir, "8m"):
        job_id = line.submit("es")
        assert line.run(job_id, ["transcript", "translation", "tts_audio"]).success
        calls, filler = list_calls(line, job_id), settings.store_dir / "filler"
        with filler.open("wb") as out:
            os.posix_fallocate(out.fileno(), 0, shutil.disk_usage(settings.store_dir).free)

        def make_room() -> None:
            filler.unlink(missing_ok=True)

        shown = when_shown(make_room)
        assert line.run(job_id, ["captions"]).success
    assert shown[0] == ("es", "disk")
    assert list_calls(line, job_id) == calls


@contextmanager
def open_line(folder: Path, urls: tuple[str, str]) -> Iterator[Line]:
    """A line on databases of a test's own."""
    words = make_words("One small step for all of us.", start_ms=1000)
    engines = {
        "recognizer": ScriptedRecognizer(words, 4_000),
        "translator": MarkingTranslator(("es",)),
        "synthesizer": ToneSynthesizer(("es",)),
    }
    settings = Settings(
        data_dir=folder / "data",
        recognise_again="off",
        database_url=SecretStr(urls[0]),
        dagster_database_url=SecretStr(urls[1]),
    )
    recording = encode(find_ffmpeg(), make_noise(4_000, 16_000), 16_000, folder / "scene.wav")
    with Container(settings, overrides=engines) as container, open_instance(container) as instance:
        yield Line(container, instance, recording, **engines)


@pytest.fixture
def own_databases(tmp_path: Path) -> Iterator[tuple[tuple[str, str], ServerState]]:
    """A server of this test's own, that it may kill."""
    with postgres_server(tmp_path) as address, fresh_database(address) as product, fresh_database(address) as dagster:
        [data_dir] = tmp_path.glob("postgres-*")
        state = get_state(data_dir)
        yield (address.url(product, driver="postgresql"), address.url(dagster, driver="postgresql")), state


def test_a_database_that_is_gone_is_waited_for(
    own_databases: tuple[tuple[str, str], ServerState],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    urls, server = own_databases
    keeper, looks, is_answering = psutil.Process(server.keeper_pid), [], parking.is_answering
    media_type, render = FORMATS["srt"]

    def kill_postgres(*arguments: Any, **options: Any) -> str:
        monkeypatch.setitem(FORMATS, "srt", (media_type, render))
        keeper.suspend()
        psutil.Process(server.postgres_pid).kill()
        return render(*arguments, **options)

    def look(database: Database) -> bool:
        looks.append(is_answering(database))
        keeper.resume()  # which starts Postgres again
        return looks[-1]

    monkeypatch.setattr(parking, "is_answering", look)
    with open_line(tmp_path, urls) as line:
        job_id = line.submit("es")
        assert line.run(job_id, TO_CAPTIONS[:-1]).success
        calls = list_calls(line, job_id)
        monkeypatch.setitem(FORMATS, "srt", (media_type, kill_postgres))
        assert line.run(job_id, TO_CAPTIONS[-1:]).success
        assert (looks[0], looks[-1]) == (False, True)
        assert list_calls(line, job_id) == calls


def test_pauses_grow_up_to_the_longest_and_end_with_the_outage() -> None:
    looks, pauses = iter([False] * 7 + [True]), []
    assert wait_until(lambda: next(looks), pauses.append, 60.0, longest_s=0.04)
    assert pauses == [0.01, 0.02, 0.04, 0.04, 0.04, 0.04, 0.04]
