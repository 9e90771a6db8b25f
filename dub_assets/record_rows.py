"""What only SQL removes from Dagster's storage: rows for which its interface has no call.

Nothing else of ours touches Dagster's tables, and this only removes. The release of Dagster is pinned; a test lists
its tables and columns, and fails when they are not what was looked at here.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import cast

import dagster as dg
from dagster._core.events import DagsterEventType
from dagster._core.execution.backfill import BULK_ACTION_TERMINAL_STATUSES
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    AssetKeyTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.runs.schema import BackfillTagsTable, BulkActionsTable, RunsTable
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
from sqlalchemy import ColumnElement, Connection, delete, or_, select, update

PARTITION_EVENTS = tuple(
    kind.value
    for kind in (
        DagsterEventType.ASSET_MATERIALIZATION,
        DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        DagsterEventType.ASSET_OBSERVATION,
        DagsterEventType.ASSET_FAILED_TO_MATERIALIZE,
    )
)
"""The events that name their partition in a column. Listed, for the index begins with the asset and the kind."""


def delete_partition_events(instance: dg.DagsterInstance, partitions: Collection[str]) -> int:
    """Remove everything that is recorded of assets in partitions, with a run or without, and say how much that was."""
    events, checks = SqlEventLogStorageTable.c, AssetCheckExecutionsTable.c
    of_partitions = (
        events.asset_key.in_([key.to_string() for key in instance.all_asset_keys()])
        & events.dagster_event_type.in_(PARTITION_EVENTS)
        & events.partition.in_(partitions)
    )
    checked = checks.partition.in_(partitions)
    # Events of checks name no partition in a column; the results do, and name the event.
    of_checks = events.id.in_(select(checks.evaluation_event_storage_id).where(checked))
    with _event_transaction(instance) as connection:
        removed = _delete_events(connection, of_partitions) + _delete_events(connection, of_checks)
        removed += connection.execute(delete(AssetCheckExecutionsTable).where(checked)).rowcount
        _forget_latest(connection, partitions)
    return removed


def delete_run_events(instance: dg.DagsterInstance, run_ids: Collection[str]) -> int:
    """Remove everything that runs told, and say how much that was.

    Deleting a run leaves the results of asset checks; and it deletes the run first, so that one which is broken off
    leaves events that nobody finds again.
    """
    with _event_transaction(instance) as connection:
        removed = _delete_events(connection, SqlEventLogStorageTable.c.run_id.in_(run_ids))
        of_runs = AssetCheckExecutionsTable.c.run_id.in_(run_ids)
        return removed + connection.execute(delete(AssetCheckExecutionsTable).where(of_runs)).rowcount


def _delete_events(connection: Connection, belongs: ColumnElement[bool]) -> int:
    """Remove events, and their tags first: those cannot be found any more once the event is gone."""
    found = select(SqlEventLogStorageTable.c.id).where(belongs)
    connection.execute(delete(AssetEventTagsTable).where(AssetEventTagsTable.c.event_id.in_(found)))
    return connection.execute(delete(SqlEventLogStorageTable).where(belongs)).rowcount


def _forget_latest(connection: Connection, partitions: Collection[str]) -> None:
    """Let no asset name these partitions as its latest; Dagster looks both up again when somebody asks."""
    for column in (AssetKeyTable.c.last_materialization, AssetKeyTable.c.cached_status_data):
        connection.execute(update(AssetKeyTable).where(_mentions(column, partitions)).values({column.name: None}))


def delete_backfills(instance: dg.DagsterInstance, older_than: datetime) -> None:
    """Remove the backfills that operators began before a time, that are over, and that have no run left."""
    actions = BulkActionsTable.c
    over = (
        actions.status.in_([status.value for status in BULK_ACTION_TERMINAL_STATUSES])
        & (actions.timestamp < older_than.astimezone(UTC).replace(tzinfo=None))
        & actions.key.not_in(select(RunsTable.c.backfill_id).where(RunsTable.c.backfill_id.is_not(None)))
    )
    tags = BackfillTagsTable.c
    with cast("SqlRunStorage", instance.run_storage).connect() as connection:
        connection.execute(delete(BackfillTagsTable).where(tags.backfill_id.in_(select(actions.key).where(over))))
        connection.execute(delete(BulkActionsTable).where(over))


@contextmanager
def _event_transaction(instance: dg.DagsterInstance) -> Iterator[Connection]:
    with cast("SqlEventLogStorage", instance.event_log_storage).index_transaction() as connection:
        yield connection


def _mentions(column: ColumnElement[str], words: Collection[str]) -> ColumnElement[bool]:
    return or_(*(column.contains(word, autoescape=True) for word in words))
