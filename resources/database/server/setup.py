"""Has everything ready that a server needs before it can start: programs, a password, a cluster.

On the first start all of it is made, later it is found and checked.
"""

import os
import secrets
import shutil
from pathlib import Path

from dubbing.errors import DatabaseUnavailableError
from resources.database.server.cluster import check_cluster, claimed, create_cluster, end_leftovers
from resources.database.server.files import ServerFiles, record_private_text
from resources.database.server.home import (
    HOMES_DIR,
    ServerHome,
    copy_programs,
    find_unprivileged_account,
    is_in_reach,
    make_own_folder,
    plan_server_home,
)

PASSWORD_BYTES = 32
"""Source: 256 bits, beyond any guessing."""


def prepare_home(files: ServerFiles, install: Path, *, release: str, durable: bool) -> ServerHome:
    """Have a cluster and programs that Postgres can use, made on the first start."""
    account = find_unprivileged_account()
    recorded = files.cluster.resolve() if os.path.lexists(files.cluster) else None
    home = plan_server_home(
        files.data_dir,
        install,
        account=account,
        recorded_cluster=recorded,
        data_dir_in_reach=is_in_reach(files.data_dir, account),
        install_in_reach=is_in_reach(install / "bin" / "postgres", account),
        release=release,
    )
    if home.install != install:
        make_own_folder(HOMES_DIR)
        copy_programs(install, home.install)
    if recorded is None:
        found_cluster(files, home, durable=durable)
    elif not files.password.exists():
        raise DatabaseUnavailableError(f"The database in {files.data_dir} has lost its password file.")
    check_cluster(home)
    return home


def found_cluster(files: ServerFiles, home: ServerHome, *, durable: bool) -> None:
    """Make the first cluster of a data folder, or make it again if that was interrupted.

    Outside the data folder one may be there already: made for a folder of this name that was deleted since, or by
    a start cut off before it was linked. Nobody has a way to it any more, so it is removed.
    """
    outside = home.cluster != files.cluster
    if outside:
        make_own_folder(HOMES_DIR)
        make_own_folder(home.cluster.parent)
        back = home.cluster.with_name("data_dir")
        if not back.is_symlink():
            back.symlink_to(files.data_dir)  # tells whose it is; one that leads nowhere is an orphan
        if home.cluster.exists():
            with claimed(home.cluster):
                end_leftovers(home.cluster, home.account)
                shutil.rmtree(home.cluster)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    record_private_text(files.password, password)
    create_cluster(home, password, durable=durable)
    if outside:
        files.cluster.symlink_to(home.cluster)
