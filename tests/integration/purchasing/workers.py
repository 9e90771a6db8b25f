"""Other processes that buy at the same time: ``python -m tests.integration.purchasing.workers KIND URL ARGUMENT…``."""

import subprocess
import sys
import threading
import uuid
from collections.abc import Callable

from sqlalchemy import text

from dubbing.errors import VendorUnavailableError
from resources.database.connection import Database
from resources.purchasing.advisory_locks import AdvisoryLocks
from resources.purchasing.claims import Claims
from resources.purchasing.orders import Order
from resources.purchasing.slots import Slots
from tests.integration.purchasing.shop import Pauses, ScriptedCall, Shop, answer, run_all

CAP = 3
CALL_S = 0.01


def start_worker(kind: str, database: Database, *arguments: str) -> "subprocess.Popen[str]":
    """Start a process of a kind; its first line of output says that it is ready, and it begins at a line of input."""
    url = database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.integration.purchasing.workers", kind, url, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def make_scratch_tables(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS in_flight (name text, caller text)"))
        connection.execute(text("CREATE TABLE IF NOT EXISTS counted (name text, caller text, at_once int)"))


def call_in_slots(database: Database, name: str, threads: int, rounds: int) -> None:
    """Hold slots from many threads, and write down how many anybody held at that time."""
    locks = AdvisoryLocks(database)
    slots = Slots(locks, name, CAP)

    def work() -> None:
        for _ in range(rounds):
            with slots.hold(Order(uuid.uuid4(), None, Pauses())):
                _count_in_flight(database, name)

    run_all([work] * threads)
    locks.close()


def _count_in_flight(database: Database, name: str) -> None:
    """Be in flight for a while: in before anybody counts, and out before the slot is given back."""
    me = {"name": name, "caller": uuid.uuid4().hex}
    with database.open_session() as connection:
        connection.execute(text("INSERT INTO in_flight VALUES (:name, :caller)"), me)
        connection.execute(
            text("INSERT INTO counted SELECT :name, :caller, count(*) FROM in_flight WHERE name = :name"), me
        )
        threading.Event().wait(CALL_S)
        connection.execute(text("DELETE FROM in_flight WHERE caller = :caller"), me)


def hold_slots(database: Database, name: str, count: int) -> None:
    """Hold slots until somebody kills this process."""
    slots, held = Slots(AdvisoryLocks(database), name, CAP), threading.Barrier(count + 1)

    def hold() -> None:
        with slots.hold(Order(uuid.uuid4(), None, Pauses())):
            held.wait()
            threading.Event().wait()

    for _ in range(count):
        threading.Thread(target=hold, daemon=True).start()
    held.wait()
    print("held", flush=True)
    threading.Event().wait()


def claim_and_buy(database: Database, shop: Shop, content_key: str) -> None:
    """Buy once what another process may have bought."""
    perform = ScriptedCall(answer())
    with Claims(AdvisoryLocks(database)).hold(content_key, shop.make_order(Pauses(lasts=True))):
        if not any(call.content_key == content_key for call in shop.list_calls()):
            shop.buy(perform, call=shop.make_call(content_key))


def fail(shop: Shop, times: int) -> None:
    """Call a vendor that is down, so many times, without trying again."""
    shop.patience_s = 0.0
    for _ in range(times):
        try:
            shop.buy(ScriptedCall(VendorUnavailableError("Down.")))
        except VendorUnavailableError:
            continue


def main(kind: str, url: str, *arguments: str) -> None:
    database = Database(url)
    works: dict[str, Callable[..., None]] = {
        "slots": lambda name, threads, rounds: call_in_slots(database, name, int(threads), int(rounds)),
        "hold": lambda name, count: hold_slots(database, name, int(count)),
        "claim": lambda job, vendor, key: claim_and_buy(database, Shop(database, uuid.UUID(job), vendor), key),
        "fail": lambda job, vendor, times: fail(Shop(database, uuid.UUID(job), vendor), int(times)),
    }
    database.ping()
    print("ready", flush=True)
    sys.stdin.readline()
    works[kind](*arguments)
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
