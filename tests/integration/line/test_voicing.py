"""Who reads a line when a vendor fails: one line's trouble stays one line's, a vendor's becomes a new cast."""

from collections import Counter
from time import monotonic

import dagster as dg

from tests.integration.line.cloud import LINES, CloudLine
from tests.support.engines import ToneSynthesizer

TO_VOICE = ("transcript", "translation", "tts_audio")


def list_readers(line: CloudLine, job_id):
    """Whose voice each Spanish line has; None for a lost one."""
    return [
        ("deepgram" if voiced.voice.startswith("aura") else "elevenlabs") if voiced.take_key else None
        for voiced in line.voiced(job_id, "es")
    ]


def find_voice(line: CloudLine, vendor: str) -> str:
    return next(v.name for v in line.container.synthesizer.list_voices() if v.language == "es" and v.vendor == vendor)


def refuse(line: CloudLine, vendor: str, **fault) -> None:
    """Let the vendor say that the account is used up."""
    line.emulator.add_fault("status", vendor=vendor, operation="synthesize", status=402, times=1000, **fault)


def test_one_speakers_chosen_voice_of_another_vendor_leaves_the_others_somebody_to_step_in(line: CloudLine) -> None:
    chosen = find_voice(line, "elevenlabs")
    job_id = line.submit("es", voices={"es": {"2": chosen}})
    refuse(line, "deepgram")
    assert line.run(job_id, TO_VOICE)
    assert list_readers(line, job_id) == ["elevenlabs"] * 3
    assert line.casting(job_id, "es")["2"] == chosen
    assert line.casting(job_id, "es")["1"] != chosen


def test_when_the_chosen_voices_vendor_fails_only_that_speaker_gets_another_voice(line: CloudLine) -> None:
    job_id = line.submit("es", voices={"es": {"2": find_voice(line, "elevenlabs")}})
    refuse(line, "elevenlabs")
    assert line.run(job_id, TO_VOICE)
    assert list_readers(line, job_id) == ["deepgram"] * 3


def test_a_line_whose_understudy_fails_goes_back_to_its_speaker_and_the_cast_stays(line: CloudLine) -> None:
    line.emulator.add_fault("silence", vendor="deepgram", operation="synthesize", match="caminata", times=1000)
    job_id = line.voice("es")
    assert list_readers(line, job_id) == ["deepgram", "elevenlabs", "deepgram"]
    line.emulator.clear_faults()
    lose_take(line, line.voiced(job_id, "es")[1].take_key)
    cast = line.casting(job_id, "es")
    refuse(line, "elevenlabs", code="quota_exceeded")
    assert line.run(job_id, ["tts_audio"])
    assert list_readers(line, job_id) == ["deepgram"] * 3
    assert line.casting(job_id, "es") == cast


def lose_take(line: CloudLine, key: str | None) -> None:
    with line.container.database.transaction() as tx:
        take = tx.purchases.find_take(key or "")
    assert take
    line.container.store.delete(take.storage_key)


def test_when_nobody_is_left_to_step_in_the_language_fails_and_no_cast_is_kept(line: CloudLine) -> None:
    refuse(line, "deepgram")
    refuse(line, "elevenlabs", code="quota_exceeded")
    job_id = line.submit("es")
    assert not line.run(job_id, TO_VOICE)
    assert line.states(job_id)["es"] == ("failed", "vendor_quota")
    assert line.casting(job_id, "es") == {}
    asked = Counter(call.vendor for call in line.calls(job_id, "synthesize"))
    assert set(asked) == {"deepgram", "elevenlabs"}
    assert max(asked.values()) <= len(LINES), "whoever was given up is not asked again"


def test_a_chosen_voice_that_is_not_offered_any_more_does_not_cost_the_language(line: CloudLine) -> None:
    job_id = line.submit("es", voices={"es": {"2": find_voice(line, "deepgram")}})
    assert line.run(job_id, ["transcript", "translation"])
    vars(line.container)["synthesizer"] = ToneSynthesizer(("es",))
    vars(line.container).pop("takes", None)
    assert line.run(job_id, ["tts_audio"])
    messages = [entry.message for run in line.instance.get_runs() for entry in line.instance.all_logs(run.run_id)]
    assert [text for text in messages if "The voice chosen for speaker 2 of es is not offered any more" in text]


def test_a_line_that_a_vendor_never_answers_is_that_lines_trouble_alone(line: CloudLine) -> None:
    line.emulator.add_fault("status", vendor="deepgram", operation="synthesize", match="caminata", times=1000)
    job_id = line.voice("es")
    assert list_readers(line, job_id) == ["deepgram", "elevenlabs", "deepgram"]
    assert all(name.startswith("aura") for name in line.casting(job_id, "es").values())


def test_a_second_line_without_an_answer_moves_the_language(line: CloudLine) -> None:
    for word in ("caminata", "camino"):
        line.emulator.add_fault("status", vendor="deepgram", operation="synthesize", match=word, times=1000)
    job_id = line.voice("es")
    assert list_readers(line, job_id) == ["elevenlabs"] * 3
    assert not any(name.startswith("aura") for name in line.casting(job_id, "es").values())


def test_lines_that_wait_for_a_vendor_stop_waiting_when_it_is_given_up(line: CloudLine) -> None:
    refuse(line, "deepgram", match="pequeño", delay_s=0.5)
    line.emulator.add_fault("status", vendor="deepgram", operation="synthesize", status=429, retry_after=30, times=1000)
    job_id = line.submit("es")
    assert line.run(job_id, ["transcript", "translation"])
    since = monotonic()
    assert line.run(job_id, ["tts_audio"])
    assert monotonic() - since < 20
    assert [call for call in line.calls(job_id, "synthesize") if call.error_code == "rate_limited"]
    assert list_readers(line, job_id) == ["elevenlabs"] * 3
    line.check_ledger(job_id)


def test_a_lost_line_is_not_counted_as_a_take_and_the_rest_is_captioned(line: CloudLine) -> None:
    line.emulator.add_fault("silence", operation="synthesize", match="caminata", times=1000)
    job_id = line.voice("es")
    assert list_readers(line, job_id) == ["deepgram", None, "deepgram"]
    made = line.instance.get_latest_materialization_event(dg.AssetKey("tts_audio"))
    assert made
    assert made.asset_materialization
    figures = made.asset_materialization.metadata
    assert (figures["takes"].value, figures["takes_synthesised_by_this_job"].value) == (2, 2)
    assert line.run(job_id, ["captions"])
