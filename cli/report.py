"""The closing table of a job: what each dub turned out to be, what it cost, and what is worth a second look."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.money import render_usd
from cli.spending import Spending, load_spending
from dubbing.jobs import DELIVERED_STATES
from dubbing.quality import Quality
from dubbing.stages import Artifact, TranslatedSegment, VoicedSegment
from dubbing.units import ms_to_s
from resources.database.connection import Database


def print_report(
    database: Database, job_id: uuid.UUID, folder: Path, console: Console, *, shows_cost: bool = False
) -> None:
    """Print a column a language, the errors, and what was bought for it.

    Args:
        shows_cost: whether an engine of a vendor was at work; the local ones cost nothing.
    """
    with database.transaction() as tx:
        tasks = tx.jobs.list_languages(job_id)
        translations = tx.values.load_translations(job_id)
        voicings = tx.values.load_voiced(job_id)
        artifacts = tx.values.load_artifacts(job_id)
        synthesised = tx.purchases.count_calls(job_id).get("synthesize", 0)
        spending = load_spending(tx, job_id) if shows_cost else {}
    columns = []
    for task in tasks:
        column = {"state": task.state}
        if task.state in DELIVERED_STATES:
            column |= _describe(voicings[task.language], artifacts[task.language])
            column |= describe_quality(task.quality)
            column |= {"to check": describe_doubts(translations[task.language], voicings[task.language])}
        if shows_cost:
            column |= {"cost": render_usd(spending.get(task.language, Spending()).cost_usd_micros)}
        columns.append(column)
    table = Table("", *(task.language for task in tasks))
    for row in max(columns, key=len):
        table.add_row(row, *(column.get(row, "") for column in columns))
    console.print(table)
    for task in tasks:
        if task.error_message:
            console.print(f"{task.language}: {task.error_message} [{task.error_code}]", markup=False, highlight=False)
    takes = sum(1 for lines in voicings.values() for line in lines if line.take_key)
    if takes:
        console.print(describe_readings(synthesised, takes), highlight=False)
    if shows_cost:
        console.print(describe_spending(spending), highlight=False)
    if any(task.state in DELIVERED_STATES for task in tasks):
        console.print(f"Results are in {folder}", highlight=False, soft_wrap=True)


def describe_readings(bought: int, takes: int) -> str:
    """Say how many of the takes were made now; some may have needed more than one reading.

    >>> describe_readings(9, 5)
    'Synthesised 5 takes with 9 readings.'
    """
    if not bought:
        return f"Synthesised nothing: all {takes} takes had been made before."
    if bought > takes:
        return f"Synthesised {takes} takes with {bought} readings."
    return f"Synthesised {bought} of {takes} takes." + " The others had been made before." * (bought < takes)


def describe_spending(spending: Mapping[str, Spending]) -> str:
    """Say what the whole job cost.

    Args:
        spending: by language; what serves all of them under "".

    >>> describe_spending({"": Spending(1_300), "es": Spending(12_000, 900)})
    'The job cost $0.0133, of which $0.0013 for the transcript; calls without an answer may add up to $0.0009.'
    """
    total = sum(spending.values(), Spending())
    text = f"The job cost {render_usd(total.cost_usd_micros)}"
    if transcript := spending.get("", Spending()).cost_usd_micros:
        text += f", of which {render_usd(transcript)} for the transcript"
    if total.doubtful_usd_micros:
        text += f"; calls without an answer may add up to {render_usd(total.doubtful_usd_micros)}"
    return f"{text}."


def describe_quality(measured: Mapping[str, Any] | None) -> dict[str, str]:
    """Say what was heard of a finished dub, row by row.

    Args:
        measured: as it was kept; None of a dub that was made before anything was measured.
    """
    if measured is None:
        return {}
    quality = Quality.model_validate(measured)
    rows = {"understood": f"not checked: {quality.not_checked}"} if quality.not_checked else {}
    if quality.onset_p95_ms is not None:
        rows["onsets"] = f"{quality.onset_p50_ms} ms, 95 % within {quality.onset_p95_ms} ms"
    if quality.source_overlap is not None:
        rows["over the speech"] = f"{quality.source_overlap:.0%}"
    if quality.null_residual_db is not None:
        rows["between lines"] = f"original {quality.bed_gain_db or 0.0:+.1f} dB, rest {quality.null_residual_db:.0f} dB"
    if quality.word_error_rate is not None:
        rows["understood"] = f"{1 - min(1.0, quality.word_error_rate):.0%} of {quality.checked_words} words"
    return rows | {"issues": ", ".join(quality.issues) or "none"}


def describe_doubts(translated: Sequence[TranslatedSegment], voiced: Sequence[VoicedSegment]) -> str:
    """Say how many lines are worth a look: translations that a check did not like, and lines that were lost.

    >>> describe_doubts([TranslatedSegment(1, "Dos.", ("number",)), TranslatedSegment(2, "Tres.", ("number",))], [])
    'doubtful: 2 (number ×2)'
    """
    untranslated = {line.number: (line.error_code,) for line in translated if line.error_code}
    doubts: dict[str, Mapping[int, Sequence[str]]] = {
        "doubtful": {line.number: line.flags for line in translated if line.flags},
        "not translated": untranslated,
        "not spoken": {
            line.number: (line.error_code,) for line in voiced if line.error_code and line.number not in untranslated
        },
    }
    return "\n".join(_describe_lines(what, lines) for what, lines in doubts.items() if lines) or "nothing"


def _describe_lines(what: str, reasons: Mapping[int, Sequence[str]]) -> str:
    """Say how many lines there are of a kind, and why; how often is said where it is more than once."""
    counted = Counter(reason for line in reasons.values() for reason in line)
    named = (f"{reason} ×{times}" if times > 1 else reason for reason, times in sorted(counted.items()))
    return f"{what}: {len(reasons)} ({', '.join(named)})"


def _describe(lines: Sequence[VoicedSegment], artifacts: Sequence[Artifact]) -> dict[str, str]:
    by_kind = {artifact.kind: artifact for artifact in artifacts}
    dub, captions = by_kind["dub"].measurements, by_kind["captions_srt"].measurements
    voiced = [line for line in lines if line.take_key]
    overflow_ms = sum(line.overflow_ms for line in voiced)
    speeds = [line.speed * line.vendor_speed for line in voiced] or [1.0]
    return {
        "duration": f"{ms_to_s(int(dub['duration_ms'])):.1f} s",
        "lines voiced": f"{len(voiced)} of {len(lines)}",
        "speeds": f"{min(speeds):.2f} to {max(speeds):.2f}",
        "overflow": f"{ms_to_s(overflow_ms):.1f} s" if overflow_ms else "none",
        "loudness": f"{dub['integrated_lufs']:.1f} LUFS, {dub['true_peak_dbtp']:.1f} dBTP",
        "captions": f"{captions['cues']} cues, {captions['violations']} violations",
        "files": "\n".join(sorted(artifact.path for artifact in artifacts)),
    }
