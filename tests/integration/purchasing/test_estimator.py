"""Who would be asked for a language, and at which price; no vendor is called."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from dubbing.engines import LOCAL, Voice
from dubbing.errors import SettingsError
from dubbing.estimating import JobEstimate
from dubbing.transcript import Segment
from resources.database.connection import Database
from resources.database.tables import PriceRow
from resources.estimating import Estimator
from resources.vendors.aura_synthesizer import AuraSynthesizer
from resources.vendors.cloud_synthesizer import CloudSynthesizer
from resources.vendors.deepgram_client import build_deepgram_client
from resources.vendors.deepgram_recognizer import DeepgramRecognizer
from resources.vendors.openai_translator import OpenAITranslator
from tests.support.engines import MarkingTranslator, ScriptedRecognizer, ToneSynthesizer

LINES = tuple(
    Segment(number, 4_000 * number, 4_000 * number + 3_000, "word " * 8, str(number % 2 + 1)) for number in range(1, 11)
)
ROOM_MS = 60_000

Estimate = Callable[..., JobEstimate]


class OtherVoices(ToneSynthesizer):
    """Voices of a second vendor."""

    vendor = "elevenlabs"

    def list_voices(self) -> tuple[Voice, ...]:
        return tuple(
            Voice(f"other_{language}", language, vendor=self.vendor, model="eleven_multilingual_v2")
            for language in ("es", "pt-BR")
        )


def build(premium: tuple[str, ...] = (), again: str = "off", model: str = "gpt-6-luna") -> Estimator:
    client = build_deepgram_client("no-key", "http://127.0.0.1:9")
    synthesizer = CloudSynthesizer([AuraSynthesizer(client), OtherVoices(())], premium_languages=premium)
    translator = OpenAITranslator("no-key", model)
    return Estimator(DeepgramRecognizer(client), translator, synthesizer, recognise_again=again)  # type: ignore[arg-type]


@pytest.fixture
def estimate(database: Database) -> Estimate:
    def ask(estimator: Estimator, *targets: str, **more: object) -> JobEstimate:
        with database.transaction() as tx:
            return estimator.estimate(tx, targets, ROOM_MS, source="en", **more)  # type: ignore[arg-type]

    return ask


def test_a_language_is_priced_as_the_vendor_that_is_asked_first_for_it(estimate: Estimate) -> None:
    ordinary, premium = estimate(build(), "es"), estimate(build(premium=("es",)), "es")
    assert ("deepgram", "aura-2") in ordinary.prices_from
    assert ("elevenlabs", "eleven_multilingual_v2") not in ordinary.prices_from
    assert premium.worst_usd_micros > ordinary.worst_usd_micros
    assert ("deepgram", "aura-2") not in premium.prices_from
    assert ("elevenlabs", "eleven_multilingual_v2") in estimate(build(), "pt-BR").prices_from


def test_a_voice_of_another_vendor_has_its_own_price(estimate: Estimate) -> None:
    voices = {"es": {"2": "other_es"}}
    ordinary, chosen = estimate(build(), "es"), estimate(build(), "es", voices=voices)
    assert chosen.lowest_usd_micros == ordinary.lowest_usd_micros
    assert chosen.worst_usd_micros > ordinary.worst_usd_micros
    heard = estimate(build(), "es", voices=voices, transcript=LINES)
    assert ordinary.lowest_usd_micros < heard.lowest_usd_micros
    assert heard.worst_usd_micros < chosen.worst_usd_micros
    unheard = estimate(build(), "es", voices={"es": {"9": "other_es"}}, transcript=LINES)
    assert unheard == estimate(build(), "es", transcript=LINES)


def test_a_dub_that_is_heard_again_costs_more_at_most_and_no_more_at_least(estimate: Estimate) -> None:
    off, sample, everything = (estimate(build(again=again), "es") for again in ("off", "sample", "all"))
    assert off.worst_usd_micros < sample.worst_usd_micros <= everything.worst_usd_micros
    assert off.lowest_usd_micros == everything.lowest_usd_micros


def test_a_model_without_a_price_is_not_estimated(estimate: Estimate) -> None:
    with pytest.raises(SettingsError, match="There is no price for gpt-nobody of openai, so it is not bought"):
        estimate(build(model="gpt-nobody"), "es")


def test_a_new_price_counts_as_soon_as_it_is_in_force(database: Database, estimate: Estimate) -> None:
    before = estimate(build(), "es")
    row = PriceRow(vendor="deepgram", model="nova-3", unit="ms", usd_micros=15_400, per_units=60_000, source="test")
    row.effective_from = since = datetime.now(UTC)
    with database.transaction() as tx:
        tx.session.add(row)
    after = estimate(build(), "es")
    assert after.shared.high_usd_micros == 2 * before.shared.high_usd_micros
    assert after.prices_from["deepgram", "nova-3"] == since
    with database.transaction() as tx:
        tx.session.delete(tx.session.merge(row))


def test_what_this_machine_makes_needs_no_price(estimate: Estimate) -> None:
    recognizer = ScriptedRecognizer((), 0)
    engines = recognizer, MarkingTranslator(("es",)), ToneSynthesizer(("es",))
    found = estimate(Estimator(*engines, recognise_again="all"), "es", transcript=LINES)
    assert (found.lowest_usd_micros, found.worst_usd_micros, found.prices_from) == (0, 0, {})
    assert recognizer.vendor == LOCAL
