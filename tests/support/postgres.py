"""A real Postgres for tests: one server, and a database of its own for whoever asks.

The server is the embedded one with syncing to disk turned off, so it proves nothing about power cuts.
"""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from resources.database.embedded import PostgresAddress, embedded_postgres
from resources.database.server.files import ServerFiles, is_locked
from tests.support.waiting import wait_for


@contextmanager
def postgres_server(tmp_root: Path) -> Iterator[PostgresAddress]:
    """Run a server in a folder of its own below ``tmp_root``; stopped and removed in the end."""
    data_dir = tmp_root / f"postgres-{uuid.uuid4().hex[:8]}"
    try:
        with embedded_postgres(data_dir, durable=False) as address:
            yield address
    finally:
        remove_server(data_dir)


@contextmanager
def fresh_database(address: PostgresAddress, template: str | None = None) -> Iterator[str]:
    """Create a database, empty or a copy of ``template`` (which nobody may be connected to); yields its name."""
    name = f"test_{uuid.uuid4().hex}"
    source = template if template is not None else "template1"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(source))
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with connect(address) as connection:
        connection.execute(create)
    try:
        yield name
    finally:
        with connect(address) as connection:
            connection.execute(drop)


def connect(address: PostgresAddress, database: str = "postgres") -> psycopg.Connection:
    """Open a connection that commits every statement."""
    return psycopg.connect(address.url(database, driver="postgresql"), autocommit=True)


def remove_server(data_dir: Path) -> None:
    """Remove a server's folder, and what lies elsewhere for it, once the server has stopped."""
    if not data_dir.is_dir():
        return
    files = ServerFiles(data_dir.resolve())
    wait_for(lambda: not is_locked(files.keeper_lock), "the server to stop")
    for folder in {files.data_dir, files.cluster.resolve().parent}:
        shutil.rmtree(folder)
