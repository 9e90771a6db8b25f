"""The closing table of a job: what each dub turned out to be."""

import uuid
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from dubbing.jobs import DELIVERED_STATES
from dubbing.stages import Artifact, VoicedSegment
from dubbing.units import ms_to_s
from resources.database.connection import Database
from resources.database.tables import LanguageTask


def print_report(database: Database, job_id: uuid.UUID, folder: Path, console: Console) -> None:
    """Print a column a language, the errors, and what was bought for it."""
    with database.transaction() as tx:
        tasks = tx.jobs.list_languages(job_id)
        voicings = tx.values.load_voiced(job_id)
        artifacts = tx.values.load_artifacts(job_id)
        synthesised = tx.purchases.count_calls(job_id).get("synthesize", 0)
    columns = [
        _describe(task, voicings[task.language], artifacts[task.language])
        if task.state in DELIVERED_STATES
        else {"state": task.state}
        for task in tasks
    ]
    table = Table("", *(task.language for task in tasks))
    for row in max(columns, key=len):
        table.add_row(row, *(column.get(row, "") for column in columns))
    console.print(table)
    for task in tasks:
        if task.error_message:
            console.print(f"{task.language}: {task.error_message} [{task.error_code}]", markup=False, highlight=False)
    takes = sum(1 for lines in voicings.values() for line in lines if line.take_key)
    if synthesised:
        reused = " The others had been made before." if synthesised < takes else ""
        console.print(f"Synthesised {synthesised} of {takes} takes.{reused}", highlight=False)
    else:
        console.print(f"Synthesised nothing: all {takes} takes had been made before.", highlight=False)
    console.print(f"Results are in {folder}", highlight=False, soft_wrap=True)


def _describe(task: LanguageTask, lines: Sequence[VoicedSegment], artifacts: Sequence[Artifact]) -> dict[str, str]:
    by_kind = {artifact.kind: artifact for artifact in artifacts}
    dub, captions = by_kind["dub"].measurements, by_kind["captions_srt"].measurements
    voiced = [line for line in lines if line.take_key]
    overflow_ms = sum(line.overflow_ms for line in voiced)
    speeds = [line.speed for line in voiced]
    return {
        "state": task.state,
        "duration": f"{ms_to_s(int(dub['duration_ms'])):.1f} s",
        "lines voiced": f"{len(voiced)} of {len(lines)}",
        "speeds": f"{min(speeds):.2f} to {max(speeds):.2f}",
        "overflow": f"{ms_to_s(overflow_ms):.1f} s" if overflow_ms else "none",
        "loudness": f"{dub['integrated_lufs']:.1f} LUFS, {dub['true_peak_dbtp']:.1f} dBTP",
        "captions": f"{captions['cues']} cues, {captions['violations']} violations",
        "files": "\n".join(sorted(artifact.path for artifact in artifacts)),
    }
