"""Where an embedded Postgres keeps its cluster, which copy of its programs runs, and as whom.

Postgres refuses to run as root. Started by root it runs as an unprivileged account, which must be able to reach
both its data and its programs; a data folder or an environment under a closed folder (``/root``) is out of its
reach. No permission is ever opened for it and no account is made: what it cannot reach is kept in a folder of
ours instead. Started by anybody else, everything stays where it is.
"""

import hashlib
import os
import pwd
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dubbing.errors import DatabaseUnavailableError
from resources.database.server.files import locked

HOMES_DIR = Path("/var/lib/dubline-postgres")
"""Holds what the account cannot reach elsewhere.

Source: the Filesystem Hierarchy Standard's place for state. Not ``/var/tmp``: systemd may delete what was not
touched there for 30 days (tmpfiles.d/tmp.conf), and a database has files that are never touched.
"""

ACCOUNTS = ("postgres", "nobody")
"""Who runs Postgres for root: the account meant for it, else the one every system has."""

PROGRAMS = ("postgres", "initdb")
"""All we run; ``initdb`` finds ``postgres`` beside itself."""

UNNEEDED = shutil.ignore_patterns("*.a", "pkgconfig", "pgxs", "libpq*", "libecpg*", "libpgtypes*", "vector.so")
"""Parts of the wheel's ``lib`` that neither program loads; the client library comes from the wheel's ``.libs``."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the system."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class FolderAccess:
    """What decides who may pass: one folder (or file) on the way."""

    mode: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class ServerHome:
    """The decision: where the cluster is, from which installation Postgres runs, and as whom (None: ourselves)."""

    cluster: Path
    install: Path
    account: Account | None


def find_unprivileged_account() -> Account | None:
    """Who Postgres must run as, or None when it can run as ourselves.

    Raises:
        DatabaseUnavailableError: we are root and the system has no account to use.
    """
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise DatabaseUnavailableError(
        f"Postgres refuses to run as root, and none of the accounts {', '.join(ACCOUNTS)} exists. Run as another user."
    )


def may_pass(way: Iterable[FolderAccess], account: Account) -> bool:
    """Whether an account may pass every step of a way, by the classic permission bits.

    >>> may_pass([FolderAccess(0o755, 0, 0)], Account("nobody", 65534, 65534))
    True
    >>> may_pass([FolderAccess(0o755, 0, 0), FolderAccess(0o700, 0, 0)], Account("nobody", 65534, 65534))
    False
    """
    return all(_granted(step, account) & stat.S_IXOTH for step in way)


def _granted(step: FolderAccess, account: Account) -> int:
    if step.uid == account.uid:
        return step.mode >> 6
    if step.gid == account.gid:
        return step.mode >> 3
    return step.mode


def is_in_reach(path: Path, account: Account | None) -> bool:
    """Whether the account may enter (or execute) a real path; without an account it is ours, and we may."""
    if account is None:
        return True
    steps = (step.stat() for step in [path, *path.parents])
    return may_pass((FolderAccess(step.st_mode, step.st_uid, step.st_gid) for step in steps), account)


def plan_server_home(
    data_dir: Path,
    install: Path,
    *,
    account: Account | None,
    recorded_cluster: Path | None,
    data_dir_in_reach: bool,
    install_in_reach: bool,
    release: str,
    homes_dir: Path = HOMES_DIR,
) -> ServerHome:
    """Decide where the cluster and the programs are, without touching either.

    A cluster stays where it was first put, whatever became of the permissions since.

    Args:
        data_dir: real path of the data folder.
        install: folder of the wheel that holds ``bin``, ``lib`` and ``share``.
        account: who runs Postgres, None for ourselves.
        recorded_cluster: where ``data_dir/cluster`` leads, or None when there is no such thing yet.
        data_dir_in_reach: whether the account that runs Postgres may enter the data folder.
        install_in_reach: whether that account may execute the programs.
        release: name that differs between releases of the wheel.
        homes_dir: folder of ours for what is out of reach.

    >>> plan_server_home(Path("/srv/data"), Path("/venv/w/pg18"), account=None,
    ...     recorded_cluster=None, data_dir_in_reach=True, install_in_reach=True, release="1").cluster.as_posix()
    '/srv/data/cluster'
    """
    cluster = data_dir / "cluster"
    if recorded_cluster is not None:
        cluster = recorded_cluster
    elif not data_dir_in_reach:
        cluster = homes_dir / hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16] / "cluster"
    if not install_in_reach:
        install = homes_dir / f"programs-{release}" / install.parent.name / install.name
    return ServerHome(cluster, install, account)


def make_own_folder(path: Path) -> None:
    """Make a folder that others may pass through but neither list nor change, or accept one that is just so.

    Raises:
        DatabaseUnavailableError: something else is there: a link, or a folder that somebody else made or may write.
    """
    with suppress(FileExistsError):
        path.mkdir(mode=0o711)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise DatabaseUnavailableError(
            f"{path} is not a folder that only root may change. Remove it, or run as another user."
        )
    path.chmod(0o711)  # whatever mask was in force


def copy_programs(install: Path, target: Path) -> None:
    """Copy what runs Postgres to where every account may read it, once for all.

    The relative places are kept, because ``initdb`` looks for its library in the wheel's ``.libs`` folder and
    both programs look for ``share`` beside their own folder.

    Args:
        install: folder of the wheel that holds ``bin``, ``lib`` and ``share``.
        target: where ``install`` is to be, two folders below the one that appears as a whole.
    """
    root = target.parents[1]
    with locked(root.with_name("programs.lock")):
        if root.is_dir():
            return
        unfinished = root.with_name(f"{root.name}.new")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        _copy_needed(install, unfinished / target.relative_to(root))
        for path in [unfinished, *unfinished.rglob("*")]:
            path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
        unfinished.rename(root)


def _copy_needed(install: Path, copy: Path) -> None:
    (copy / "bin").mkdir(parents=True)
    for program in PROGRAMS:
        shutil.copy(install / "bin" / program, copy / "bin" / program)
    shutil.copytree(install / "lib", copy / "lib", ignore=UNNEEDED)
    shutil.copytree(install / "share", copy / "share")
    libraries = f"{install.parent.name}.libs"
    if (install.parents[1] / libraries).is_dir():
        shutil.copytree(install.parents[1] / libraries, copy.parents[1] / libraries)
