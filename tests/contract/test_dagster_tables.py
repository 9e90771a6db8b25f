"""Dagster's tables, as they were when the statements of `dub_assets.record_rows` were written.

A change here means: look at what those statements leave, and at what the new table or column keeps, and for how long.
"""

from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata
from dagster._core.storage.runs.schema import RunStorageSqlMetadata
from dagster._core.storage.schedules.schema import ScheduleStorageSqlMetadata
from sqlalchemy import MetaData

EVENT_LOG = {
    "asset_check_executions": (
        "id asset_key check_name partition run_id execution_status evaluation_event evaluation_event_timestamp "
        "evaluation_event_storage_id materialization_event_storage_id create_timestamp"
    ),
    "asset_event_tags": "id event_id asset_key key value event_timestamp",
    "asset_keys": (
        "id asset_key last_materialization last_run_id asset_details wipe_timestamp last_materialization_timestamp "
        "tags create_timestamp cached_status_data"
    ),
    "concurrency_limits": "id concurrency_key limit using_default_limit update_timestamp create_timestamp",
    "concurrency_slots": "id concurrency_key run_id step_key deleted create_timestamp",
    "dynamic_partitions": "id partitions_def_name partition create_timestamp",
    "event_logs": "id run_id event dagster_event_type timestamp step_key asset_key partition",
    "pending_steps": "id concurrency_key run_id step_key priority assigned_timestamp create_timestamp",
    "secondary_indexes": "id name create_timestamp migration_completed",
}
RUNS = {
    "backfill_tags": "id backfill_id key value",
    "bulk_actions": "id key status timestamp body action_type selector_id job_name",
    "daemon_heartbeats": "id daemon_type daemon_id timestamp body",
    "instance_info": "id run_storage_id",
    "kvs": "id key value",
    "run_tags": "id run_id key value",
    "runs": (
        "id run_id snapshot_id pipeline_name mode status run_body partition partition_set create_timestamp "
        "update_timestamp start_time end_time backfill_id"
    ),
    "secondary_indexes": "id name create_timestamp migration_completed",
    "snapshots": "id snapshot_id snapshot_body snapshot_type",
}
SCHEDULES = {
    "asset_daemon_asset_evaluations": (
        "id evaluation_id asset_key asset_evaluation_body num_requested num_skipped num_discarded create_timestamp"
    ),
    "instigators": (
        "id selector_id repository_selector_id status instigator_type instigator_body create_timestamp update_timestamp"
    ),
    "job_ticks": ("id job_origin_id selector_id status type timestamp tick_body create_timestamp update_timestamp"),
    "jobs": (
        "id job_origin_id selector_id repository_origin_id status job_type job_body create_timestamp update_timestamp"
    ),
    "secondary_indexes": "id name create_timestamp migration_completed",
}


def test_events_and_assets_are_kept_in_the_tables_that_we_know() -> None:
    assert list_columns(SqlEventLogStorageMetadata) == EVENT_LOG


def test_runs_and_backfills_are_kept_in_the_tables_that_we_know() -> None:
    assert list_columns(RunStorageSqlMetadata) == RUNS


def test_ticks_are_kept_in_the_tables_that_we_know() -> None:
    assert list_columns(ScheduleStorageSqlMetadata) == SCHEDULES


def list_columns(metadata: MetaData) -> dict[str, str]:
    return {name: " ".join(column.name for column in table.columns) for name, table in metadata.tables.items()}
