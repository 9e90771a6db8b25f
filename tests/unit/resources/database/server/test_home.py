"""The decision where a server's cluster and programs are."""

from pathlib import Path

import pytest

from resources.database.server.home import Account, FolderAccess, ServerHome, may_pass, plan_server_home

ACCOUNT = Account("postgres", uid=101, gid=104)
DATA_DIR = Path("/root/data")
INSTALL = Path("/venv/lib/wheel/pg18")
HOMES = Path("/homes")


def plan(
    *,
    recorded_cluster: Path | None = None,
    data_dir_in_reach: bool = True,
    install_in_reach: bool = True,
    data_dir: Path = DATA_DIR,
) -> ServerHome:
    return plan_server_home(
        data_dir,
        INSTALL,
        account=ACCOUNT,
        recorded_cluster=recorded_cluster,
        data_dir_in_reach=data_dir_in_reach,
        install_in_reach=install_in_reach,
        release="0.6.0",
        homes_dir=HOMES,
    )


def test_everything_stays_in_place_when_it_can_be_reached() -> None:
    assert plan() == ServerHome(DATA_DIR / "cluster", INSTALL, ACCOUNT)


def test_a_data_folder_out_of_reach_gets_its_cluster_in_a_folder_of_ours() -> None:
    home = plan(data_dir_in_reach=False)

    assert home.cluster.name == "cluster"
    assert home.cluster.parents[1] == HOMES
    assert home.install == INSTALL


def test_two_data_folders_never_share_a_cluster() -> None:
    clusters = {plan(data_dir_in_reach=False, data_dir=Path(name)).cluster for name in ("/root/a", "/root/b")}

    assert len(clusters) == 2


def test_the_same_data_folder_finds_the_same_cluster_again() -> None:
    assert plan(data_dir_in_reach=False) == plan(data_dir_in_reach=False)


@pytest.mark.parametrize("data_dir_in_reach", [True, False])
def test_a_cluster_once_made_stays_where_it_was_whatever_is_in_reach_now(data_dir_in_reach: bool) -> None:
    recorded = Path("/homes/0123/cluster")

    assert plan(recorded_cluster=recorded, data_dir_in_reach=data_dir_in_reach).cluster == recorded


def test_programs_out_of_reach_run_from_a_copy_that_keeps_their_relative_places() -> None:
    home = plan(install_in_reach=False)

    assert home.install == HOMES / "programs-0.6.0" / "wheel" / "pg18"
    assert home.cluster == DATA_DIR / "cluster"


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "passable"),
    [
        (0o711, 0, 0, True),
        (0o700, 0, 0, False),
        (0o700, 101, 0, True),
        (0o710, 0, 104, True),
        (0o701, 0, 104, False),
        (0o070, 101, 104, False),
        (0o744, 0, 0, False),
    ],
)
def test_only_the_bits_of_the_class_that_applies_decide(mode: int, uid: int, gid: int, passable: bool) -> None:
    assert may_pass([FolderAccess(mode, uid, gid)], ACCOUNT) is passable


def test_one_closed_folder_closes_the_way() -> None:
    way = [FolderAccess(0o755, 0, 0), FolderAccess(0o700, 0, 0), FolderAccess(0o755, 0, 0)]

    assert not may_pass(way, ACCOUNT)
