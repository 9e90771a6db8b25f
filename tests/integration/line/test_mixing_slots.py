"""The cap on mixing, in real runs: somebody else on this machine has the slots."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import pytest

from dub_assets import mixing_desk
from dub_assets.mixed_audio import SLOTS
from dubbing.jobs import LanguageState, WaitingOn
from resources import machine_slots
from resources.machine_slots import MachineSlots
from resources.media.mixing import Mix
from tests.integration.line.conftest import Line
from tests.integration.line.test_cancel import cancel, running
from tests.integration.purchasing.shop import Pauses, StoppedError
from tests.integration.slot_holder import make_order
from tests.support.waiting import wait_for

WAITING = (LanguageState.MIXING.value, WaitingOn.MACHINE.value)
LONG_S = 120.0
"""For what takes seconds on a machine that is not busy with other tests."""


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dub_assets.heartbeat.BEAT_S", 0.05)
    monkeypatch.setattr(machine_slots, "QUIET_S", 0.0)


def open_slots(line: Line) -> MachineSlots:
    """The slots as another process of this machine has them; there is one."""
    settings = line.container.settings
    object.__setattr__(settings, "mixing_slots", 1)
    return MachineSlots(settings.data_dir / "slots", SLOTS, settings.mixing_slots)


def read_waits(line: Line, job_id: UUID) -> set[tuple[str, str | None]]:
    with line.database.transaction() as tx:
        return {(task.state, task.waiting_on) for task in tx.jobs.list_languages(job_id)}


def test_a_job_waits_for_its_machine_shows_it_and_then_mixes_one_language_after_the_other(
    build_line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    line, mixing = build_line(), Counter[str]()
    render = mixing_desk.render_mix

    def count(*args: Any) -> Mix:
        mixing["now"] += 1
        mixing["most"] = max(mixing["most"], mixing["now"])
        try:
            return render(*args)
        finally:
            mixing["now"] -= 1

    monkeypatch.setattr(mixing_desk, "render_mix", count)
    job_id = line.submit("es", "pt-BR")
    with ExitStack() as held:
        held.enter_context(open_slots(line).hold(make_order()))
        with running(line, job_id) as results:
            wait_for(lambda: read_waits(line, job_id) == {WAITING}, "the languages to wait", LONG_S)
            held.close()
            wait_for(lambda: bool(results), "the run to end", LONG_S)
    assert results[0].success
    assert read_waits(line, job_id) == {(LanguageState.COMPLETED.value, None)}
    assert mixing == {"now": 0, "most": 1}


def test_a_cancel_ends_the_wait_for_the_machine(build_line: Callable[..., Line]) -> None:
    line = build_line()
    job_id = line.submit("es")
    with open_slots(line).hold(make_order()), running(line, job_id) as results:
        wait_for(lambda: WAITING in read_waits(line, job_id), "it to wait", LONG_S)
        cancel(line, job_id)
        wait_for(lambda: bool(results), "the run to end")
    assert set(line.states(job_id).values()) == {"cancelled"}
    with open_slots(line).hold(make_order(Pauses(then=stop_waiting))):
        pass


def stop_waiting() -> None:
    raise StoppedError
