"""What failed at a vendor, replayed: only what was missing is bought, and what was delivered stays.

The emulator bills as the vendors say that they bill; it cannot prove that they do.
"""

import uuid
from collections.abc import Collection, Mapping

import dagster as dg
from sqlalchemy import select

from dub_assets.definitions import build_definitions
from dub_assets.turns import ATTEMPT_TAG
from dub_assets.voicing import MAX_SHORTENINGS
from dubbing import replaying
from dubbing.errors import MediaError
from dubbing.jobs import LanguageState
from dubbing.replaying import ReplayPlan
from resources.database.tables import DeadLetter
from resources.hashing import measure_sha256
from resources.replaying.replayer import Replayer
from tests.integration.line.cloud import LINES, CloudLine
from tests.integration.line.conftest import QUIET

BUYING = ("transcript", "translation", "tts_audio")
"""The stages that vendors are needed for."""


def get_letter(line: CloudLine, job_id: uuid.UUID) -> DeadLetter:
    with line.container.database.transaction() as tx:
        return tx.session.scalars(select(DeadLetter).where(DeadLetter.job_id == job_id)).one()


def plan(line: CloudLine, job_id: uuid.UUID) -> ReplayPlan:
    planned = Replayer(line.container).plan(get_letter(line, job_id).id).plan
    assert planned is not None
    return planned


def replay(line: CloudLine, job_id: uuid.UUID) -> int:
    """Queue what the job's letter stands for."""
    attempt = Replayer(line.container).replay(get_letter(line, job_id).id).attempt
    assert attempt is not None
    return attempt


def run_attempt(line: CloudLine, job_id: uuid.UUID, attempt: int, *stages: str) -> bool:
    """Run an attempt as the sensor has it run, or some of its stages."""
    job = build_definitions(line.container).resolve_job_def("dub")
    result = job.execute_in_process(
        instance=line.instance,
        partition_key=str(job_id),
        raise_on_error=False,
        run_config=QUIET,
        tags={ATTEMPT_TAG: str(attempt)},
        asset_selection=[dg.AssetKey(stage) for stage in stages] or None,
    )
    with line.container.database.transaction() as tx:
        tx.launches.mark_needless(job_id, attempt)
    return result.success


def list_spent(line: CloudLine, job_id: uuid.UUID) -> Mapping[uuid.UUID, tuple[str, str | None, int]]:
    """What the job has paid for: operation, language and price, by the call's id."""
    return {c.id: (c.operation, c.language, c.cost_usd_micros) for c in line.calls(job_id) if c.cost_usd_micros}


def list_bought_since(
    line: CloudLine, job_id: uuid.UUID, before: Collection[uuid.UUID]
) -> list[tuple[str, str | None, int]]:
    return [bought for call_id, bought in list_spent(line, job_id).items() if call_id not in before]


def list_files(line: CloudLine, job_id: uuid.UUID) -> dict[str, str]:
    """The files that can be downloaded now, each read back from the store: hash by path."""
    with line.container.database.transaction() as tx:
        artifacts = tx.views.list_artifacts(job_id)
    found = {}
    for artifact in artifacts:
        with line.container.store.fetch(artifact.storage_key) as file:
            found[artifact.path] = measure_sha256(file)
        assert found[artifact.path] == artifact.sha256
    return found


def lose_spanish(line: CloudLine) -> uuid.UUID:
    """Let Spanish fail at its second line, after every voice was paid for the others, and deliver Portuguese."""
    line.emulator.add_fault("status", operation="synthesize", status=402, times=1000, match="Y luego")
    job_id = line.submit("es", "pt-BR")
    assert line.run(job_id)
    line.emulator.clear_faults()
    return job_id


def test_a_lost_language_is_replayed_and_only_what_was_missing_is_bought(line: CloudLine) -> None:
    job_id = lose_spanish(line)
    assert line.states(job_id) == {"es": ("failed", "vendor_quota"), "pt-BR": ("completed", None)}
    letter = get_letter(line, job_id)
    assert (letter.language, letter.stage, letter.error_code, letter.state) == (
        "es", "synthesizing", "vendor_quota", "open",
    )  # fmt: skip
    assert (letter.vendor_words or "").startswith("40")
    before, files, billed = list_spent(line, job_id), list_files(line, job_id), len(line.emulator.list_invoice())
    assert letter.spent_usd_micros == sum(cost for _, language, cost in before.values() if language == "es")
    planned = plan(line, job_id)
    assert len(line.emulator.list_invoice()) == billed

    attempt = replay(line, job_id)
    assert line.states(job_id) == {"es": ("queued", None), "pt-BR": ("completed", None)}
    assert list_files(line, job_id) == files
    assert run_attempt(line, job_id, attempt)

    assert line.states(job_id) == {"es": ("completed", None), "pt-BR": ("completed", None)}
    assert get_letter(line, job_id).state == "replayed"
    bought = list_bought_since(line, job_id, before)
    assert {(operation, language) for operation, language, _ in bought} == {("synthesize", "es")}
    [readings] = [each for each in planned.purchases if each.operation == "synthesize"]
    assert 1 <= len(bought) == readings.lines < len(LINES)
    assert 0 < sum(cost for _, _, cost in bought) <= planned.at_most_usd_micros
    assert sum(cost for _, _, cost in bought) == planned.usd_micros
    assert len(line.emulator.list_invoice()) == billed + len(bought)
    line.check_ledger(job_id)
    line.check_speech(job_id, "es", "pt-BR")
    kept = {path: digest for path, digest in list_files(line, job_id).items() if path.startswith("pt-BR/")}
    assert kept == {path: digest for path, digest in files.items() if path.startswith("pt-BR/")}
    assert {"es/dub.m4a", "manifest.json"} <= list_files(line, job_id).keys()


def test_a_replay_that_fails_again_is_told_in_the_same_letter_and_can_be_replayed(line: CloudLine) -> None:
    job_id = lose_spanish(line)
    first, files = get_letter(line, job_id), list_files(line, job_id)
    line.emulator.add_fault("status", operation="synthesize", status=401, times=1000, match="Y luego")
    assert not run_attempt(line, job_id, replay(line, job_id))
    again = get_letter(line, job_id)
    assert (again.id, again.state, again.attempts, again.error_code) == (first.id, "open", 2, "vendor_auth")
    assert again.last_at > first.last_at
    assert list_files(line, job_id) == files
    line.emulator.clear_faults()
    assert run_attempt(line, job_id, replay(line, job_id), *BUYING)
    assert line.states(job_id)["es"] == ("synthesizing", None)
    line.check_speech(job_id, "es")
    line.check_ledger(job_id)


def test_a_recording_that_could_not_be_heard_is_one_letter_of_the_job_and_is_heard_when_replayed(
    line: CloudLine,
) -> None:
    line.emulator.add_fault("status", vendor="deepgram", operation="recognize", status=402, times=1000)
    job_id = line.submit("es", "pt-BR")
    assert not line.run(job_id)
    letter = get_letter(line, job_id)
    assert (letter.language, letter.snapshot["languages"], letter.snapshot["vendor"]) == (
        None, ["es", "pt-BR"], "deepgram",
    )  # fmt: skip
    line.emulator.clear_faults()
    planned = plan(line, job_id)
    assert planned.languages == ("es", "pt-BR")
    assert run_attempt(line, job_id, replay(line, job_id), *BUYING)
    line.check_speech(job_id, "es", "pt-BR")
    assert 0 < sum(cost for _, _, cost in list_spent(line, job_id).values()) <= planned.at_most_usd_micros
    line.check_ledger(job_id)


def test_a_lost_line_of_a_delivered_language_is_bought_alone(line: CloudLine) -> None:
    line.emulator.add_fault("status", operation="synthesize", status=400, times=1000, match="Y luego")
    job_id = line.dub("es", "pt-BR")
    line.emulator.clear_faults()
    assert line.states(job_id)["es"] == ("completed_with_issues", None)
    letter = get_letter(line, job_id)
    assert (letter.language, letter.segment_number, letter.error_code) == ("es", 2, "vendor_rejected")
    assert (letter.vendor_words or "").startswith("400")
    before, files = list_spent(line, job_id), list_files(line, job_id)
    attempt = replay(line, job_id)
    assert list_files(line, job_id) == files
    assert run_attempt(line, job_id, attempt)
    assert [(op, language) for op, language, _ in list_bought_since(line, job_id, before)] == [("synthesize", "es")]
    assert line.states(job_id)["es"] == ("completed", None)
    assert get_letter(line, job_id).state == "replayed"
    line.check_speech(job_id, "es")
    line.check_ledger(job_id)


def test_what_is_all_there_costs_nothing_to_replay(line: CloudLine) -> None:
    job_id = line.voice("es")
    with line.container.database.transaction() as tx:
        tx.jobs.fail_language(job_id, "es", LanguageState.MIXING.value, MediaError("The mix failed."))
    assert plan(line, job_id).purchases == ()


def test_a_line_is_said_shorter_as_often_as_the_plan_thinks() -> None:
    assert replaying.MAX_SHORTENINGS == MAX_SHORTENINGS
