"""One run of chaos from the first job to the verdict."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from resources.container import Container
from resources.identity.embedded_issuer import EmbeddedIssuer
from resources.settings import Settings
from tests.chaos.aftermath import Aftermath, find_for_a_while
from tests.chaos.books import list_leftovers
from tests.chaos.customers import Customers, rehearse
from tests.chaos.faults import NothingToBreakError, Trouble, mounted
from tests.chaos.figures import Outcome
from tests.chaos.recovery import Watch
from tests.chaos.scale import Scale, set_up
from tests.chaos.schedule import Event, Submission, plan_schedule, plan_submissions
from tests.chaos.verdict import check_nothing_left, collect
from tests.e2e.conftest import DEADLINE_S, Machine, find_processes
from tests.e2e.service import Service
from tests.e2e.stack import Stack, started
from tests.support.waiting import wait_for
from vendor_emulator.server import VendorEmulator


def besiege(machine: Machine, seed: int, scale: Scale, *, say: Callable[[str], None] = print) -> Outcome:
    """Start a stack, let jobs come and things go wrong, replay what failed, and judge.

    Args:
        machine: with nothing in its folder.
        say: takes the schedule and what happens, line by line.
    """
    with VendorEmulator() as emulator, mounted(machine.data / "store", scale.disk) as disk:
        set_up(machine, emulator)
        with started(machine) as stack:
            with Container(Settings(data_dir=machine.data)) as container:
                siege = Siege(Trouble(machine, stack, emulator, disk), container, seed, scale, say)
                siege.hold()
                outcome = siege.end()
            outcome.findings += stop(machine, stack)
    outcome.figures["findings"] = len(outcome.findings)
    outcome.log = stack.text
    return outcome


def stop(machine: Machine, stack: Stack) -> list[str]:
    """Stop a stack as an operator does, and say what it leaves."""
    stack.process.terminate()
    stack.end()
    return collect(
        lambda: check_nothing_left("processes", find_for_a_while(lambda: find_processes(machine))),
        lambda: check_nothing_left("temporary files", list_leftovers(machine.folder / "tmp")),
    )


class Siege:
    """One stack under attack; made for one run."""

    def __init__(
        self, trouble: Trouble, container: Container, seed: int, scale: Scale, say: Callable[[str], None]
    ) -> None:
        self._trouble, self._container, self._scale, self._say = trouble, container, scale, say
        self._events = plan_schedule(seed, scale.length_s, scale.events)
        self._submissions = plan_submissions(seed, scale.length_s, scale.jobs, scale.users)
        self._watch = Watch(trouble, container.database)
        service = Service(trouble.stack, EmbeddedIssuer(trouble.machine.data / "keys").mint)
        self._customers = Customers(service, scale.languages)
        self._findings: list[str] = []
        self._happened: Counter[str] = Counter()
        self._began_s = time.monotonic()
        say(f"seed {seed}: {scale.jobs} jobs into {', '.join(scale.languages)}, {len(self._events)} events")
        for event in self._events:
            length = f" for {event.lasts_s} s" if event.lasts_s else ""
            say(f"  {event.at_s:6.1f} s  {event.family.value:8} {event.what}{length}")

    def hold(self) -> None:
        """Live through the schedule, which begins when the first job is worked on."""
        for number in {each.recording for each in self._submissions}:
            rehearse(self._trouble.emulator, number, self._scale.languages)
        self._customers.submit(self._submissions[0])
        wait_for(lambda: bool(self._watch.list_jobs()), "the first job to be worked on", DEADLINE_S, pause_s=0.1)
        self._say("what happens:")
        self._began_s = time.monotonic()
        with self._submitting(self._submissions[1:]):
            for event in self._events:
                self._wait_until(event.at_s)
                self._happen(event)
            # Behind an open circuit a request is made every few minutes: faults that wait for theirs would never end.
            self._trouble.emulator.clear_faults()
            self._note("nothing more is made to go wrong, and the vendors are well again")

    def end(self) -> Outcome:
        """Let everything come to rest, replay, and judge."""
        aftermath = Aftermath(
            self._trouble, self._container, self._customers, self._watch, self._submissions, self._scale, self._note
        )
        outcome = aftermath.settle()
        outcome.findings[:0] = self._findings
        outcome.figures = {"happened": dict(sorted(self._happened.items())), **outcome.figures}
        outcome.figures["whole run, s"] = round(self._now_s, 1)
        return outcome

    @property
    def _now_s(self) -> float:
        return time.monotonic() - self._began_s

    def _note(self, what: str) -> None:
        self._say(f"  {self._now_s:6.1f} s  {what}")

    @contextmanager
    def _submitting(self, submissions: Sequence[Submission]) -> Iterator[None]:
        """Let every customer come at his time, beside what goes wrong; whoever gave up is a finding."""

        def submit(submission: Submission) -> None:
            self._wait_until(submission.at_s, look=False)
            try:
                self._customers.submit(submission)
            except Exception as error:  # noqa: BLE001 - what a customer met is told with the rest
                self._findings.append(f"job {submission.number} was not taken: {error}")

        threads = [threading.Thread(target=submit, args=[each], daemon=True) for each in submissions]
        for thread in threads:
            thread.start()
        yield
        for thread in threads:
            thread.join(DEADLINE_S)

    def _wait_until(self, at_s: float, *, look: bool = True) -> None:
        def is_time() -> bool:
            if look:
                self._watch.look()
            return self._now_s >= at_s

        wait_for(is_time, "the time of an event", at_s + DEADLINE_S, pause_s=0.25)

    def _happen(self, event: Event) -> None:
        jobs = self._watch.list_jobs() if event.is_kill else set()
        name = f"{event.family.value}: {event.what}"
        try:
            victim = self._trouble.cause(event)
        except (NothingToBreakError, AssertionError) as error:
            self._note(f"{name}, left out: {error}")
            return
        self._note(f"{name}{f', process {victim}' if victim else ''}")
        self._happened[name] += 1
        if victim is not None:
            self._watch.begin(event, victim, jobs)
        if event.lasts_s:
            self._wait_until(self._now_s + event.lasts_s)
            self._trouble.disk.mend()
