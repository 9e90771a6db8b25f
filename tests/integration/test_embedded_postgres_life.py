"""The embedded Postgres through every start and every death: of its users, its keeper and itself."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from resources.database.embedded import PostgresAddress
from resources.database.server.files import ServerFiles, is_locked
from resources.database.server.home import find_unprivileged_account
from tests.support.postgres import connect
from tests.support.postgres_users import (
    UserProcess,
    find_keepers,
    find_postgres,
    get_state,
    start_user,
    wait_until_nothing_runs,
)
from tests.support.waiting import wait_for

StartUser = Callable[[Path], UserProcess]


@pytest.fixture
def new_dir() -> Iterator[Path]:
    """Not there yet, where the account that runs Postgres for root can reach it, as it cannot reach pytest's own."""
    yield from make_data_dir()


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """Of a server that has run before; shared by the tests, which start and stop it and leave it whole."""
    for data_dir in make_data_dir():
        start_user(data_dir).leave()
        wait_until_nothing_runs(data_dir)
        yield data_dir


def make_data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder).resolve() / "database"


@pytest.fixture
def start() -> Iterator[StartUser]:
    """Starts users; whatever a test leaves of them and of their servers is ended."""
    started: list[tuple[Path, UserProcess]] = []

    def start(data_dir: Path) -> UserProcess:
        started.append((data_dir, start_user(data_dir)))
        return started[-1][1]

    yield start
    for _, user in started:
        user.kill()
    for data_dir, _ in started:
        wait_until_nothing_runs(data_dir)


def keep_a_row(address: PostgresAddress) -> None:
    with connect(address) as connection:
        connection.execute("DROP TABLE IF EXISTS kept")
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")


def assert_row_is_kept(address: PostgresAddress) -> None:
    with connect(address) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def kill_and_wait(pid: int) -> None:
    process = psutil.Process(pid)
    process.kill()
    wait_for(lambda: has_ended(process), f"process {pid} to end")


def kill_everything_at_once(data_dir: Path, user: UserProcess) -> None:
    """Kill all three before any of them can answer the death of another."""
    state = get_state(data_dir)
    keeper = psutil.Process(state.keeper_pid)
    keeper.suspend()
    kill_and_wait(state.postgres_pid)
    kill_and_wait(keeper.pid)
    user.kill()


def has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def is_answering(address: PostgresAddress) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address.host, address.port)) == 0


def test_a_second_user_joins_and_the_first_may_leave(data_dir: Path, start: StartUser) -> None:
    first = start(data_dir)
    keep_a_row(first.address)
    second = start(data_dir)
    assert second.address == first.address

    first.leave()

    assert len(find_keepers(data_dir)) == 1
    assert_row_is_kept(second.address)


def test_nothing_runs_after_the_last_user_has_left_and_the_data_is_there_next_time(
    data_dir: Path, start: StartUser
) -> None:
    first = start(data_dir)
    keep_a_row(first.address)

    first.leave()

    wait_until_nothing_runs(data_dir)
    assert not ServerFiles(data_dir).state.exists()
    assert_row_is_kept(start(data_dir).address)


def test_users_that_start_at_the_same_moment_share_one_server(new_dir: Path, start: StartUser) -> None:
    users = [start(new_dir) for _ in range(4)]

    assert len({one.address for one in users}) == 1
    assert len(find_keepers(new_dir)) == 1


def test_a_user_that_arrives_while_the_server_stops_waits_and_gets_a_new_one(data_dir: Path, start: StartUser) -> None:
    leaving = start(data_dir)
    keep_a_row(leaving.address)
    slow = psutil.Process(get_state(data_dir).postgres_pid)
    slow.suspend()
    leaving.kill()
    users_lock = ServerFiles(data_dir).users_lock
    wait_for(lambda: is_locked(users_lock), "the keeper to begin its stop")
    arriving = start(data_dir)
    opened = psutil.Process(arriving.process.pid)
    wait_for(lambda: str(users_lock) in {file.path for file in opened.open_files()}, "the new user to knock")

    slow.resume()

    assert_row_is_kept(arriving.address)
    assert get_state(data_dir).postgres_pid != slow.pid


def test_a_killed_user_takes_the_server_with_it(data_dir: Path, start: StartUser) -> None:
    only = start(data_dir)
    keep_a_row(only.address)

    only.kill()

    wait_until_nothing_runs(data_dir)
    assert_row_is_kept(start(data_dir).address)


def test_a_user_killed_before_the_server_is_ready_leaves_nothing_running(new_dir: Path, start: StartUser) -> None:
    hasty = start(new_dir)
    wait_for(lambda: bool(find_keepers(new_dir)), "a keeper")

    hasty.kill()

    wait_until_nothing_runs(new_dir)
    assert is_answering(start(new_dir).address)


def test_a_user_that_waits_for_a_start_outlives_the_one_that_began_it(new_dir: Path, start: StartUser) -> None:
    beginner = start(new_dir)
    wait_for(lambda: bool(find_keepers(new_dir)), "a keeper")
    waiting = start(new_dir)

    beginner.kill()

    assert is_answering(waiting.address)
    assert len(find_keepers(new_dir)) == 1


def test_a_killed_keeper_takes_postgres_down_and_the_next_start_finds_what_was_committed(
    data_dir: Path, start: StartUser
) -> None:
    orphaned = start(data_dir)
    keep_a_row(orphaned.address)

    kill_and_wait(get_state(data_dir).keeper_pid)

    wait_until_nothing_runs(data_dir)
    assert_row_is_kept(start(data_dir).address)
    assert_row_is_kept(orphaned.address)  # same port, so that its pool connects again


def test_a_killed_postgres_is_started_again_for_its_users(data_dir: Path, start: StartUser) -> None:
    only = start(data_dir)
    keep_a_row(only.address)
    killed = get_state(data_dir).postgres_pid

    kill_and_wait(killed)

    files = ServerFiles(data_dir)
    wait_for(lambda: files.state.exists() and get_state(data_dir).postgres_pid != killed, "another Postgres")
    assert_row_is_kept(only.address)


def test_a_query_that_never_ends_does_not_outlive_its_killed_server(data_dir: Path, start: StartUser) -> None:
    only = start(data_dir)
    keep_a_row(only.address)
    with closing(connect(only.address)) as connection:
        connection.pgconn.send_query(b"DO $$ BEGIN LOOP END LOOP; END $$")
        busy = psutil.Process(connection.info.backend_pid)
        wait_for(lambda: busy.cpu_times().user > 0.05, "the query to run")
        kill_everything_at_once(data_dir, only)
        assert not has_ended(busy)

        assert_row_is_kept(start(data_dir).address)

        assert has_ended(busy)


def test_everything_killed_at_once_recovers(data_dir: Path, start: StartUser) -> None:
    only = start(data_dir)
    keep_a_row(only.address)

    kill_everything_at_once(data_dir, only)

    wait_until_nothing_runs(data_dir)
    assert ServerFiles(data_dir).state.exists()  # stale, and not believed
    assert_row_is_kept(start(data_dir).address)


def test_a_pid_file_that_names_a_living_stranger_does_not_prevent_a_start(data_dir: Path, start: StartUser) -> None:
    cluster = data_dir / "cluster"
    account = find_unprivileged_account()
    as_owner = {"user": account.uid, "group": account.gid} if account else {}
    stranger = subprocess.Popen(["sleep", "60"], **as_owner)  # type: ignore[call-overload]
    try:
        (cluster / "postmaster.pid").write_text(f"{stranger.pid}\n{cluster}\n1\n5432\n\n127.0.0.1\n\nready\n")

        assert is_answering(start(data_dir).address)

        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_port_that_somebody_took_meanwhile_is_given_up(data_dir: Path, start: StartUser) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        taken = somebody.getsockname()[1]
        ServerFiles(data_dir).state.write_text(f'{{"port": {taken}, "keeper_pid": 1, "postgres_pid": 1}}')

        address = start(data_dir).address

        assert address.port != taken
        assert is_answering(address)


def test_a_first_start_that_was_cut_off_is_repaired(new_dir: Path, start: StartUser) -> None:
    unlucky = start(new_dir)
    wait_for(lambda: (new_dir / "cluster.new" / "PG_VERSION").exists(), "initdb to begin")
    kill_and_wait(find_keepers(new_dir)[0].pid)
    assert unlucky.read_answer()["code"] == "database_unavailable"

    assert is_answering(start(new_dir).address)

    assert (new_dir / "cluster").is_dir()
    assert not list(new_dir.glob("cluster.*"))


def test_a_server_that_cannot_start_says_so_names_its_log_and_leaves_nothing_running(
    data_dir: Path, start: StartUser
) -> None:
    needed = data_dir / "cluster" / "global" / "pg_control"
    needed.rename(data_dir / "lost")

    answer = start(data_dir).read_answer()

    assert answer["code"] == "database_unavailable"
    assert answer["message"].endswith(f"Its log is {data_dir}/server.log.")
    wait_until_nothing_runs(data_dir)
    (data_dir / "lost").rename(needed)


def test_a_database_without_its_password_is_not_replaced_by_an_empty_one(data_dir: Path, start: StartUser) -> None:
    password = ServerFiles(data_dir).password
    password.rename(data_dir / "lost")

    assert "lost its password file" in start(data_dir).read_answer()["message"]

    (data_dir / "lost").rename(password)
    assert is_answering(start(data_dir).address)


def test_a_keeper_asked_to_end_waits_for_its_users(data_dir: Path, start: StartUser) -> None:
    only = start(data_dir)
    only.read_answer()
    keeper = psutil.Process(get_state(data_dir).keeper_pid)
    assert os.getsid(keeper.pid) != os.getsid(only.process.pid)  # a Ctrl-C in the user's terminal does not reach it

    for interruption in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        keeper.send_signal(interruption)
    later = start(data_dir)

    assert later.address == only.address
    assert get_state(data_dir).keeper_pid == keeper.pid
    later.leave()
    only.leave()
    wait_until_nothing_runs(data_dir)


def test_the_database_lies_in_its_folder_when_the_account_can_reach_it(new_dir: Path, start: StartUser) -> None:
    assert is_answering(start(new_dir).address)

    assert (new_dir / "cluster" / "PG_VERSION").is_file()
    assert not (new_dir / "cluster").is_symlink()


def test_what_runs_is_found_even_by_a_root_that_may_not_look_at_other_accounts(
    data_dir: Path, start: StartUser
) -> None:
    """As in a container, whose root lacks the capability to trace."""
    start(data_dir).read_answer()
    program = (
        "from pathlib import Path; from resources.database.server.cluster import find_processes;"
        "from resources.database.server.home import find_unprivileged_account;"
        f"print(*find_processes(Path({str(data_dir / 'cluster')!r}), find_unprivileged_account()))"
    )
    limited = ["setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace"] if os.geteuid() == 0 else []

    output = subprocess.run(
        [*limited, sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout

    assert set(map(int, output.split())) == {process.pid for process in find_postgres(data_dir)}
