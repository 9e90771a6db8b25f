"""Retention as operators see it: one asset whose every materialisation is a sweep, and the check that nothing is late.

What is erased, and in which order, is in `resources.retention`; Dagster's own records follow by `dub_assets.records`.
"""

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import dagster as dg
import structlog

from dub_assets.partitions import dub_jobs
from dub_assets.records import PurgedRecords, purge_records
from dubbing.retention import Kind
from resources.container import Container
from resources.database.connection import Database
from resources.retention.swept import Swept

logger = structlog.stdlib.get_logger()

NOTHING_OVERDUE = "nothing_overdue"

LONGEST_S = 6 * 3600
"""When a sweep is stopped, seconds after its start: some millions of files."""

KEYS_AT_ONCE = 1_000
"""Partition keys that are looked up in one query."""


@dg.asset(
    group_name="retention",
    kinds={"postgres"},
    owners=["team:dubbing"],
    check_specs=[
        dg.AssetCheckSpec(
            NOTHING_OVERDUE,
            asset="retention",
            description="Nothing is left that should have been erased: the store refused nothing, and was there.",
        )
    ],
    description=(
        "What is kept no longer is erased: files, recordings and words of jobs, bought readings, transcripts and "
        "translations, and objects in the store that no job knows. Each materialisation is one sweep; running it by "
        "hand does no harm, and one at a time goes on. Jobs that are worked on are left. Where the check fails, look "
        "at refused (the store's own reasons) and broken_off, mend the store and materialise again. Missing counts "
        "rows whose file the store lost: nothing is changed for those."
    ),
)
def retention(context: dg.AssetExecutionContext, container: dg.ResourceParam[Container]) -> dg.MaterializeResult:
    """Sweep, then let Dagster forget what was erased."""
    swept = container.eraser.sweep()
    logger.info(
        "sweep.ended",
        outcome=swept.broken_off or ("busy" if swept.is_busy else "ok"),
        erased=sum(swept.erased.values()),
        overdue=sum(swept.overdue.values()),
        refused=sum(swept.refused.values()),
        in_flight=swept.left_in_flight,
        run_id=context.run_id,
    )
    records = purge_records(
        context.instance,
        forgotten=list(_list_erased(context.instance, container.database)),
        keep_runs=timedelta(days=container.settings.keep_runs_days),
        now=datetime.now(UTC),
    )
    return dg.MaterializeResult(
        metadata={**_describe(swept), **_describe_records(records)}, check_results=[_check(swept)]
    )


sweep = dg.define_asset_job(
    "sweep",  # an asset is an operation of its own name, and no job may have that
    selection=dg.AssetSelection.assets(retention),
    # Of no user and no class: their limits do not apply, and the priority is that of a run by hand, before all jobs.
    # One that hangs would keep all later ones from beginning; what it did is done, and the next goes on.
    tags={"dagster/max_runtime": str(LONGEST_S)},
    description="One sweep over everything that is kept no longer; launched every hour.",
)


def _list_erased(instance: dg.DagsterInstance, database: Database) -> Iterator[uuid.UUID]:
    """List the jobs that Dagster knows and that are erased, by whomever and whenever: no memory that could be lost."""
    keys = list(instance.get_dynamic_partitions(str(dub_jobs.name)))
    for start in range(0, len(keys), KEYS_AT_ONCE):
        job_ids = [job_id for key in keys[start : start + KEYS_AT_ONCE] if (job_id := _parse_id(key)) is not None]
        with database.transaction() as tx:
            yield from tx.erasures.list_erased(job_ids)


def _parse_id(key: str) -> uuid.UUID | None:
    """A key that somebody typed into Dagster's pages need not be an id of ours."""
    try:
        return uuid.UUID(key)
    except ValueError:
        return None


def _describe(swept: Swept) -> Mapping[str, dg.MetadataValue]:
    kinds = [
        dg.TableRecord(
            {
                "kind": kind.value,
                "erased": swept.erased.get(kind, 0),
                "in_use": swept.in_use.get(kind, 0),
                "overdue": swept.overdue.get(kind, 0),
            }
        )
        for kind in Kind
    ]
    told: dict[str, dg.MetadataValue] = {
        "kinds": dg.MetadataValue.table(kinds),
        "is_busy": dg.MetadataValue.bool(swept.is_busy),
        "backlog": dg.MetadataValue.int(sum(swept.overdue.values())),
        "jobs": dg.MetadataValue.int(len(swept.jobs)),
        "users": dg.MetadataValue.int(swept.users),
        "size_bytes": dg.MetadataValue.int(swept.size_bytes),
        "left_in_flight": dg.MetadataValue.int(swept.left_in_flight),
        "requested": dg.MetadataValue.int(swept.requested),
        "refused": dg.MetadataValue.json(dict(swept.refused)),
        "missing_ids": dg.MetadataValue.json(list(swept.missing_ids)),
    }
    if swept.missing is not None:
        told["missing"] = dg.MetadataValue.int(swept.missing)
    if swept.broken_off is not None:
        told["broken_off"] = dg.MetadataValue.text(swept.broken_off)
    return told


def _describe_records(records: PurgedRecords) -> Mapping[str, dg.MetadataValue]:
    return {
        "dagster_partitions": dg.MetadataValue.int(records.partitions),
        "dagster_runs": dg.MetadataValue.int(records.runs),
        "dagster_events": dg.MetadataValue.int(records.events),
        "dagster_left_in_flight": dg.MetadataValue.int(records.left_in_flight),
    }


def _check(swept: Swept) -> dg.AssetCheckResult:
    overdue = {kind.value: count for kind, count in swept.overdue.items()}
    is_well = not (overdue or swept.refused or swept.broken_off)
    return dg.AssetCheckResult(
        check_name=NOTHING_OVERDUE,
        passed=is_well,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"overdue": overdue, "refused": dict(swept.refused), "broken_off": swept.broken_off or ""},
    )
