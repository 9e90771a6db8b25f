"""What lines say and how fast it is read: shorter where a reading was too long, a person's words as they are.

The voices are tones that last as long as the emulator says: this proves what is made of a pace, not that a voice has
one.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest
from sqlalchemy import delete

from dub_assets.voicing import MAX_SHORTENINGS
from resources.database.tables import SegmentEdit, SpeakingRate
from tests.integration.line.cloud import LINES, CloudLine

TO_VOICE = ("transcript", "translation", "tts_audio")
LONG = "Un pequeño paso para todas las personas que vivimos en este mundo tan bonito"
SHORT = "Un pequeño paso para todos nosotros"
PERSONS = "Lo dice alguien, y lo dice tan largo como quiere, que nadie se lo va a acortar aunque no quepa del todo"
SLOW = 8
Say = Callable[..., list[str]]


@pytest.fixture
def line(line: CloudLine) -> Iterator[CloudLine]:
    forget_rates(line)
    yield line
    forget_rates(line)


@pytest.fixture
def _slow_voices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let voices speak at about half the pace that is known of the language."""
    monkeypatch.setattr("vendor_emulator.speaking._TONE_CHARACTERS_PER_S", SLOW)


def forget_rates(line: CloudLine) -> None:
    with line.container.database.transaction() as tx:
        tx.session.execute(delete(SpeakingRate))


def list_rates(line: CloudLine) -> Mapping[str, float]:
    with line.container.database.transaction() as tx:
        return tx.rates.list_rates("es")


@pytest.fixture
def say(line: CloudLine, request: pytest.FixtureRequest) -> Say:
    """Say how the first line is translated, from the longest version to the shortest; gives them as they are said."""
    seed = int(hashlib.sha256(request.node.name.encode()).hexdigest()[:6], 16)  # as `open_cloud_line` marks its lines

    def say(*versions: str) -> list[str]:
        marked = [f"{version} {seed}." for version in versions]
        line.emulator.script_translations("es", {LINES[0].replace(".", f" {seed}."): marked})
        return marked

    return say


def edit(line: CloudLine, job_id: uuid.UUID, number: int, **wishes: object) -> None:
    values = {"text": None, "voice": None, "keeps_original": False, "revision": 2} | wishes
    with line.container.database.transaction() as tx:
        tx.session.merge(SegmentEdit(job_id=job_id, language="es", number=number, **values))


def list_texts(line: CloudLine, job_id: uuid.UUID) -> list[str]:
    return [voiced.text for voiced in line.voiced(job_id, "es")]


def count_bought(line: CloudLine, job_id: uuid.UUID) -> tuple[int, int]:
    """Translations and readings that were paid for."""
    return len(line.calls(job_id, "translate")), len(line.calls(job_id, "synthesize"))


def check_reruns_buy_nothing(line: CloudLine, job_id: uuid.UUID, *runs: Sequence[str]) -> None:
    bought, voiced = count_bought(line, job_id), line.voiced(job_id, "es")
    for stages in runs:
        assert line.run(job_id, stages)
        assert count_bought(line, job_id) == bought
        assert line.voiced(job_id, "es") == voiced


@pytest.mark.usefixtures("_slow_voices")
def test_a_line_that_is_measured_too_long_is_said_shorter_and_captioned_as_it_is_said(
    line: CloudLine, say: Say
) -> None:
    _, short = say(LONG, SHORT)
    job_id = line.dub("es")
    assert list_texts(line, job_id)[0] == short
    assert line.voiced(job_id, "es")[0].overflow_ms == 0
    assert count_bought(line, job_id) == (2, len(LINES) + 1)
    with line.container.database.transaction() as tx:
        captions = tx.values.load_artifacts(job_id, ["captions_srt"])["es"][0]
    with line.container.store.fetch(captions.storage_key) as file:
        assert " ".join(SHORT.split()[:3]) in " ".join(file.read_text(encoding="utf-8").split())
    check_reruns_buy_nothing(line, job_id, ["tts_audio"], TO_VOICE)
    line.check_ledger(job_id)


@pytest.mark.parametrize("most", [1, MAX_SHORTENINGS])
@pytest.mark.usefixtures("_slow_voices")
def test_a_line_that_never_fits_keeps_the_best_and_is_not_asked_about_again(
    line: CloudLine, say: Say, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("dub_assets.voicing.MAX_SHORTENINGS", most)
    _, best = say(LONG, LONG.removesuffix(" tan bonito"))
    job_id = line.voice("es")
    assert list_texts(line, job_id)[0] == best
    assert count_bought(line, job_id) == (1 + most, len(LINES) + 1)
    check_reruns_buy_nothing(line, job_id, ["tts_audio"], TO_VOICE, ["tts_audio"])


@pytest.mark.usefixtures("_slow_voices")
def test_a_shorter_wording_that_nobody_can_read_leaves_the_line_as_it_was(line: CloudLine, say: Say) -> None:
    long, _ = say(LONG, SHORT)
    line.emulator.add_fault("silence", operation="synthesize", match="todos nosotros", times=1000)
    job_id = line.voice("es")
    assert list_texts(line, job_id)[0] == long
    assert line.voiced(job_id, "es")[0].take_key


def test_a_rate_that_was_learned_buys_nothing_anew_for_this_job_or_another(
    line: CloudLine, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vendor_emulator.speaking._TONE_CHARACTERS_PER_S", 10)
    say(SHORT + ", y para los que vienen después de aquí")
    job_id = line.voice("es")
    rates = list_rates(line)
    assert rates
    assert all(9 < cps < 14.5 for cps in rates.values())
    check_reruns_buy_nothing(line, job_id, TO_VOICE)
    assert list_rates(line) == rates
    another = line.voice("es", "pt-BR")
    assert not [call for call in line.calls(another) if call.language == "es"]
    assert [v.take_key for v in line.voiced(another, "es")] == [v.take_key for v in line.voiced(job_id, "es")]


@pytest.mark.usefixtures("_slow_voices")
def test_a_persons_words_are_spoken_as_they_are_and_only_their_take_is_bought(line: CloudLine) -> None:
    job_id = line.voice("es")
    translated, read = count_bought(line, job_id)
    former = line.voiced(job_id, "es")
    edit(line, job_id, 1, text=PERSONS)
    assert line.run(job_id, TO_VOICE)
    lines = line.voiced(job_id, "es")
    assert lines[0].text == PERSONS
    assert lines[0].overflow_ms > 0
    assert [each.take_key for each in lines[1:]] == [each.take_key for each in former[1:]]
    assert count_bought(line, job_id) == (translated, read + 1)
    edit(line, job_id, 1)
    assert line.run(job_id, TO_VOICE)
    assert line.voiced(job_id, "es") == former
    assert count_bought(line, job_id) == (translated, read + 1)


def test_a_voice_chosen_for_one_line_reads_that_line_alone(line: CloudLine) -> None:
    job_id = line.voice("es")
    former, cast, (translated, read) = line.voiced(job_id, "es"), line.casting(job_id, "es"), count_bought(line, job_id)
    voices = line.container.synthesizer.list_voices()
    chosen = next(each.name for each in voices if each.language == "es" and each.vendor == "elevenlabs")
    edit(line, job_id, 3, voice=chosen)
    assert line.run(job_id, TO_VOICE)
    lines = line.voiced(job_id, "es")
    assert lines[2].voice == chosen
    assert [each.voice for each in lines[:2]] == [each.voice for each in former[:2]]
    assert line.casting(job_id, "es") == cast
    assert count_bought(line, job_id) == (translated, read + 1)


def test_a_voice_chosen_for_a_line_that_is_not_offered_any_more_is_passed_over(line: CloudLine) -> None:
    job_id = line.voice("es")
    former = line.voiced(job_id, "es")
    edit(line, job_id, 3, voice="nobody")
    assert line.run(job_id, TO_VOICE)
    assert line.voiced(job_id, "es") == former


def test_a_line_whose_original_is_wished_for_is_not_read(line: CloudLine) -> None:
    job_id = line.submit("es")
    edit(line, job_id, 2, keeps_original=True)
    assert line.run(job_id, TO_VOICE)
    kept = line.voiced(job_id, "es")[1]
    assert (kept.is_original, kept.take_key, kept.error_code) == (True, None, None)
    assert len(line.calls(job_id, "synthesize")) == len(LINES) - 1
    edit(line, job_id, 2)
    assert line.run(job_id, TO_VOICE)
    assert line.voiced(job_id, "es")[1].take_key
    assert len(line.calls(job_id, "synthesize")) == len(LINES)
