"""Dagster's storage keeps its connections, and does without those that were lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import dagster as dg
import psycopg
import pytest

from dub_assets.dagster_storage import KEPT_CONNECTIONS
from resources.database.connection import DEAD_NETWORK_MS
from tests.integration.line.conftest import Line
from tests.support.waiting import wait_for

CONNECTED = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
END = "SELECT pg_terminate_backend(%s, 5000)"


@pytest.fixture
def instance(build_line: Callable[..., Line]) -> dg.DagsterInstance:
    return build_line().instance


@pytest.fixture
def onlooker(databases: tuple[str, str]) -> psycopg.Connection:
    return psycopg.connect(databases[1], autocommit=True)


def use_every_part(instance: dg.DagsterInstance, name: str) -> None:
    instance.add_dynamic_partitions("dub_jobs", [name])
    assert name in instance.get_dynamic_partitions("dub_jobs")
    assert instance.get_runs(limit=1) == []
    assert instance.all_instigator_state() == []


def list_connected(onlooker: psycopg.Connection) -> set[int]:
    return {pid for (pid,) in onlooker.execute(CONNECTED)}


def test_statements_one_after_the_other_share_a_connection(
    instance: dg.DagsterInstance, onlooker: psycopg.Connection
) -> None:
    use_every_part(instance, "first")
    before = list_connected(onlooker)
    assert len(before) == 1
    for number in range(5):
        use_every_part(instance, f"more-{number}")
    assert list_connected(onlooker) == before


def test_threads_that_need_more_connections_get_them_and_few_are_kept(
    instance: dg.DagsterInstance, onlooker: psycopg.Connection
) -> None:
    with ThreadPoolExecutor(12) as threads:
        for _ in threads.map(lambda number: use_every_part(instance, f"thread-{number}"), range(36)):
            pass
    wait_for(lambda: len(list_connected(onlooker)) <= KEPT_CONNECTIONS, "the others to be closed")


def test_lost_connections_are_not_noticed(instance: dg.DagsterInstance, onlooker: psycopg.Connection) -> None:
    use_every_part(instance, "before")
    for pid in list_connected(onlooker):
        assert onlooker.execute(END, [pid]).fetchone() == (True,)
    use_every_part(instance, "after")


def test_a_network_that_is_dead_is_not_waited_for(instance: dg.DagsterInstance) -> None:
    with instance.run_storage.connect() as connection:  # type: ignore[attr-defined]
        driver = connection.connection.driver_connection
        assert driver.get_dsn_parameters()["tcp_user_timeout"] == str(DEAD_NETWORK_MS)


def test_an_instance_that_is_disposed_of_leaves_no_connection(
    instance: dg.DagsterInstance, onlooker: psycopg.Connection
) -> None:
    use_every_part(instance, "last")
    instance.dispose()
    wait_for(lambda: list_connected(onlooker) == set(), "the connection to be closed")
