"""The line with the vendors' engines on the emulator: what goes wrong at a vendor, and what it must not cost."""

import pytest

from resources.database.tables import CallState
from tests.integration.line.cloud import LINES, TRANSLATIONS, CloudLine
from vendor_emulator.server import API_KEYS


def test_a_rerun_of_every_stage_buys_nothing_and_keeps_the_voices(line: CloudLine) -> None:
    job_id = line.dub("es", "pt-BR")
    assert {state for state, _ in line.states(job_id).values()} == {"completed"}
    bought, voiced = len(line.emulator.list_invoice()), line.voiced(job_id, "es")
    cast = line.casting(job_id, "es")
    for stage in ("transcript", "translation", "tts_audio", "mixed_audio", "captions", "manifest"):
        assert line.run(job_id, [stage])
    assert len(line.emulator.list_invoice()) == bought
    assert line.voiced(job_id, "es") == voiced
    assert line.casting(job_id, "es") == cast
    assert cast["1"] != cast["2"]
    line.check_ledger(job_id)


@pytest.mark.parametrize(
    ("vendor", "operation"),
    [("deepgram", "recognize"), ("openai", "translate"), ("deepgram", "synthesize"), ("elevenlabs", "synthesize")],
)
def test_a_storm_of_refusals_is_waited_out_and_nothing_is_lost_or_billed_twice(
    line: CloudLine, vendor: str, operation: str
) -> None:
    line.emulator.add_fault("status", vendor=vendor, operation=operation, status=429, retry_after=0.2, times=7)
    job_id = line.voice("es", "pt-BR")
    refused = [call for call in line.calls(job_id, operation) if call.error_code == "rate_limited"]
    assert len(refused) == 7
    assert not any(call.cost_usd_micros for call in refused)
    line.check_speech(job_id, "es", "pt-BR")
    line.check_ledger(job_id)


@pytest.mark.parametrize(
    ("vendor", "operation"),
    [("deepgram", "recognize"), ("openai", "translate"), ("deepgram", "synthesize"), ("elevenlabs", "synthesize")],
)
@pytest.mark.parametrize("kind", ["status", "drop"])
def test_a_vendor_that_fails_for_a_moment_is_asked_again(
    line: CloudLine, vendor: str, operation: str, kind: str
) -> None:
    line.emulator.add_fault(kind, vendor=vendor, operation=operation, status=503, times=3)
    job_id = line.voice("es", "pt-BR")
    assert {state for state, _ in line.states(job_id).values()} == {"synthesizing"}
    line.check_speech(job_id, "es", "pt-BR")
    line.check_ledger(job_id)


def test_when_deepgram_is_used_up_elevenlabs_speaks_for_good(line: CloudLine) -> None:
    line.emulator.add_fault("status", vendor="deepgram", operation="synthesize", status=402, times=1000)
    job_id = line.voice("es")
    assert line.states(job_id)["es"][0] == "synthesizing"
    names = {voice.voice for voice in line.voiced(job_id, "es")}
    assert not any(name.startswith("aura") for name in names)
    assert set(line.casting(job_id, "es").values()) == names
    assert len(names) == 2
    line.emulator.clear_faults()
    bought = len(line.emulator.list_invoice())
    assert line.run(job_id, ["tts_audio"])
    assert len(line.emulator.list_invoice()) == bought
    line.check_ledger(job_id)


def test_an_account_that_is_used_up_is_asked_once_and_costs_its_language_alone(line: CloudLine) -> None:
    line.emulator.add_fault("status", vendor="openai", status=429, code="insufficient_quota", match="pt-BR", times=1000)
    job_id = line.voice("es", "pt-BR")
    assert line.states(job_id) == {"es": ("synthesizing", None), "pt-BR": ("failed", "vendor_quota")}
    failed = [call for call in line.calls(job_id, "translate") if call.language == "pt-BR"]
    assert [call.error_code for call in failed] == ["vendor_quota"]
    line.check_ledger(job_id)


@pytest.mark.parametrize("kind", ["empty", "odd", "json", "silence", "short", "cut"])
@pytest.mark.parametrize(("vendor", "language"), [("deepgram", "es"), ("elevenlabs", "pt-BR")])
def test_what_is_no_speech_never_becomes_a_take(line: CloudLine, vendor: str, language: str, kind: str) -> None:
    line.emulator.add_fault(kind, vendor=vendor, operation="synthesize", times=2)
    job_id = line.voice(language)
    assert line.states(job_id)[language][0] == "synthesizing"
    line.check_speech(job_id, language)
    assert len(line.calls(job_id, "synthesize")) == len(LINES) + 2
    line.check_ledger(job_id)


def test_a_line_that_one_voice_cannot_say_is_said_by_another(line: CloudLine) -> None:
    line.emulator.add_fault("silence", vendor="deepgram", operation="synthesize", match="caminata", times=1000)
    job_id = line.voice("es")
    line.check_speech(job_id, "es")
    voices = [voiced.voice for voiced in line.voiced(job_id, "es")]
    assert [voice.startswith("aura") for voice in voices] == [True, False, True]
    bought = len(line.emulator.list_invoice())
    assert line.run(job_id, ["tts_audio"])
    assert len(line.emulator.list_invoice()) == bought
    line.check_ledger(job_id)


@pytest.mark.parametrize("kind", ["missing", "doubled", "foreign", "incomplete", "truncated", "json", "bare"])
def test_an_answer_that_is_not_what_was_asked_for_loses_no_line(line: CloudLine, kind: str) -> None:
    line.emulator.add_fault(kind, vendor="openai", times=2)
    job_id = line.voice("es")
    with line.container.database.transaction() as tx:
        said = [translated.text.rsplit(" ", 1)[0] for translated in tx.values.load_translations(job_id)["es"]]
    assert said == [text.rstrip(".") for text in TRANSLATIONS["es"]]
    line.check_ledger(job_id)


def test_a_refused_batch_is_divided_until_only_the_refused_line_is_left_out(line: CloudLine) -> None:
    line.emulator.add_fault("refusal", vendor="openai", match="long walk", times=1000)
    job_id = line.dub("es")
    assert line.states(job_id)["es"][0] == "completed_with_issues"
    with line.container.database.transaction() as tx:
        lines = tx.values.load_translations(job_id)["es"]
    assert [translated.error_code for translated in lines] == [None, "content_refused", None]
    assert "long walk" in lines[1].text
    assert [bool(voiced.take_key) for voiced in line.voiced(job_id, "es")] == [True, False, True]
    line.check_ledger(job_id)


def test_a_recording_without_words_is_paid_for_once(line: CloudLine) -> None:
    line.emulator.add_fault("no_words", vendor="deepgram", operation="recognize", times=1000)
    job_id = line.submit("es")
    assert not line.run(job_id)
    assert line.states(job_id)["es"] == ("failed", "no_speech")
    assert len(line.emulator.list_invoice()) == 1
    another = line.submit("es")
    assert not line.run(another)
    assert len(line.emulator.list_invoice()) == 1
    line.check_ledger(job_id)


def test_a_hang_is_spend_unknown_and_the_line_is_read_all_the_same(
    line: CloudLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.vendors.aura_synthesizer.BASE_TIMEOUT_S", 1.0)
    line.emulator.add_fault("hang", vendor="deepgram", operation="synthesize", delay_s=8.0, times=1)
    job_id = line.voice("es")
    unknown = [call for call in line.calls(job_id, "synthesize") if call.state == CallState.SPEND_UNKNOWN]
    assert len(unknown) == 1
    line.check_speech(job_id, "es")
    line.check_ledger(job_id)


def test_no_word_of_the_customer_nor_a_key_is_in_dagsters_records(line: CloudLine) -> None:
    line.emulator.add_fault("silence", vendor="deepgram", operation="synthesize", times=3)
    job_id = line.voice("es", "pt-BR")
    events = [str(entry.to_json()) for run in line.instance.get_runs() for entry in line.instance.all_logs(run.run_id)]
    secrets = ["small step", "caminata", "caminhada", *API_KEYS.values()]
    assert len(events) > 20
    assert not [event for event in events if any(secret in event for secret in secrets)]
    assert job_id


def test_the_voices_that_the_customer_chose_speak(line: CloudLine) -> None:
    chosen = next(voice.name for voice in reversed(line.container.synthesizer.list_voices()) if voice.language == "es")
    job_id = line.submit("es", voices={"es": {"2": chosen}})
    assert line.run(job_id)
    assert line.casting(job_id, "es")["2"] == chosen
    assert line.voiced(job_id, "es")[1].voice == chosen
