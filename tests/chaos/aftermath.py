"""After the faults: everything comes to rest, what failed is replayed, and all of it is judged."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from dubbing.errors import DatabaseUnavailableError
from resources.container import Container
from resources.database.tables import CallState, DeadLetter
from tests.chaos import verdict
from tests.chaos.books import fetch_files, list_calls, list_leftovers, list_letters, list_orphans
from tests.chaos.customers import Customers, name_user
from tests.chaos.faults import Trouble
from tests.chaos.figures import Outcome, count_figures
from tests.chaos.recovery import Watch
from tests.chaos.scale import Scale
from tests.chaos.schedule import Submission
from tests.support.waiting import wait_for

ROUNDS = 3
"""Most rounds of replays until no letter is open."""

QUIET_S = 60.0
"""How long after all jobs have ended whatever is still in the air may take: orphans, rows that are not closed."""

LOOK_S = 0.5


class Aftermath:
    """What follows the faults of one run.

    Args:
        note: takes what happens, line by line.
    """

    def __init__(
        self,
        trouble: Trouble,
        container: Container,
        customers: Customers,
        watch: Watch,
        submissions: Sequence[Submission],
        scale: Scale,
        note: Callable[[str], None],
    ) -> None:
        self._trouble, self._container, self._database = trouble, container, container.database
        self._customers, self._watch, self._submissions = customers, watch, submissions
        self._scale, self._note = scale, note
        self._findings: list[str] = []

    def settle(self) -> Outcome:
        """Wait, replay, judge."""
        jobs, settled_s = self._wait_for_ends("all jobs to end")
        self._trouble.end()
        letters = list_letters(self._database)
        self._note(f"{Counter(job['state'] for job in jobs)}, {len(letters)} letters")
        self._findings += verdict.check_ended(jobs, self._scale.jobs, self._scale.ends_within_s)
        self._findings += verdict.check_letters(jobs, letters)
        self._findings += [
            f"after the kill of {each.event.what} at {each.event.at_s} s something stayed away"
            for each in self._watch.recoveries
            if each.took_s is None
        ]
        states = Counter(job["state"] for job in jobs)
        rounds = self._replay()
        self._judge([job for job in self._list_jobs() if job["finished_at"] is not None])
        figures = {
            "jobs": len(self._customers.jobs),
            "jobs by state before the replays": dict(states),
            "refused requests": dict(self._customers.refusals),
            "letters": len(letters),
            "rounds of replays": rounds,
            "all jobs ended after the last fault, s": round(settled_s, 1),
        }
        return Outcome(self._findings, figures | count_figures(self._container, self._trouble.emulator, self._watch))

    def _list_jobs(self) -> list[dict[str, Any]]:
        users = sorted({each.user for each in self._submissions})
        return [job for user in users for job in self._customers.list_jobs(user)]

    def _wait_for_ends(self, what: str) -> tuple[list[dict[str, Any]], float]:
        """Wait until every job has ended and everything is back; gives the jobs as they are then, and how long."""
        began_s = time.monotonic()
        jobs: list[dict[str, Any]] = []

        def is_over() -> bool:
            jobs[:] = self._list_jobs()
            return self._watch.look() and all(job["finished_at"] for job in jobs)

        try:
            wait_for(is_over, what, self._scale.ends_within_s, pause_s=LOOK_S)
        except AssertionError as error:
            self._findings.append(str(error))
        return jobs, time.monotonic() - began_s

    def _replay(self) -> int:
        """Replay what is open until nothing is; gives the number of rounds."""
        for number in range(1, ROUNDS + 1):
            letters = self._list_open()
            if not letters:
                return number - 1
            self._note(f"replay {number}: {Counter(f'{letter.stage} {letter.error_code}' for letter in letters)}")
            replayed = self._trouble.machine.run("dead-letters", "replay", "--all", "--json")
            if replayed.returncode:
                self._findings.append(f"the replay ended with {replayed.returncode}: {replayed.stderr.strip()[-300:]}")
            self._wait_for_ends("the replayed jobs to end")
        self._findings += [
            f"the letter of {letter.language or 'all languages'} of job {letter.job_id} at {letter.stage} is "
            f"{letter.state} after {ROUNDS} replays: {letter.error_code}"
            for letter in self._list_open()
        ]
        return ROUNDS

    def _list_open(self) -> list[DeadLetter]:
        return [letter for letter in list_letters(self._database) if letter.state not in verdict.CLOSED]

    def _judge(self, jobs: list[dict[str, Any]]) -> None:
        find_for_a_while(
            lambda: [str(call.id) for call in list_calls(self._database) if call.state == CallState.STARTED]
        )
        calls, invoice = list_calls(self._database), self._trouble.emulator.list_invoice()
        machine, stack = self._trouble.machine, self._trouble.stack
        self._findings += verdict.collect(
            lambda: verdict.check_delivered(jobs),
            lambda: verdict.check_ledger(calls, invoice),
            lambda: verdict.check_bought_once(calls),
            lambda: self._check_files(jobs),
            lambda: verdict.check_nothing_left("orphans", find_for_a_while(lambda: list_orphans(machine, stack))),
            lambda: verdict.check_nothing_left(
                "half-written objects", list_leftovers(machine.data / "store" / ".incoming")
            ),
        )

    def _check_files(self, jobs: list[dict[str, Any]]) -> list[str]:
        findings: list[str] = []
        owners = {self._customers.jobs.get(each.number): name_user(each.user) for each in self._submissions}
        for job in jobs:
            with self._customers.service.sign_in(owners[job["id"]]) as client:
                findings += verdict.check_files(job, fetch_files(client, job["id"]))
        return findings


def find_for_a_while(find: Callable[[], list[str]]) -> list[str]:
    """Look until nothing is found any more; gives what is still there when that took too long."""
    found: list[str] = []

    def is_nothing() -> bool:
        try:
            found[:] = find()
        except DatabaseUnavailableError:
            return False
        return not found

    try:
        wait_for(is_nothing, "nothing", QUIET_S, pause_s=LOOK_S)
    except AssertionError:
        return found
    return []
