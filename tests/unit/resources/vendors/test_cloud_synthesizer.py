import logging

import numpy as np
import pytest

from dubbing.engines import Answer, Speech, Voice
from dubbing.errors import DubbingError, SettingsError, SynthesisError, VendorAuthError, VendorUnavailableError
from resources.vendors.cloud_synthesizer import CloudSynthesizer


class Vendor:
    """A vendor whose every voice says which vendor read; it cannot prove anything about a real one."""

    def __init__(self, name: str, languages: str, *, max_parallel: int = 1) -> None:
        self.vendor = name
        self.name = f"{name}/model"
        self.max_parallel = max_parallel
        self._languages = languages.split()
        self.failure: DubbingError | None = None

    def list_voices(self) -> tuple[Voice, ...]:
        if self.failure is not None:
            raise self.failure
        return tuple(
            Voice(f"{self.vendor}-{number}", language, vendor=self.vendor)
            for number in (1, 2)
            for language in self._languages
        )

    def identify(self, voice: Voice) -> str:
        return f"{self.name}/{voice.name}"

    def get_max_characters(self, voice: Voice) -> int:
        return len(self.vendor)

    def synthesize(
        self, text: str, *, voice: Voice, speed: float = 1.0, before: str = "", after: str = ""
    ) -> Answer[Speech]:
        self.read = (text, voice.name, speed, before, after)
        return Answer(Speech(np.zeros(1, np.float32), 24_000))


@pytest.fixture
def plain() -> Vendor:
    return Vendor("plain", "en de", max_parallel=3)


@pytest.fixture
def rich() -> Vendor:
    return Vendor("rich", "en de pt-BR", max_parallel=2)


def test_the_first_vendor_is_asked_where_it_has_the_language_and_the_other_steps_in(
    plain: Vendor, rich: Vendor
) -> None:
    cloud = CloudSynthesizer([plain, rich])
    assert cloud.list_vendors("de") == ("plain", "rich")
    assert cloud.list_vendors("de-AT") == ("plain", "rich")
    assert cloud.list_vendors("pt-BR") == ("rich",)
    assert cloud.list_vendors("sw") == ()


@pytest.mark.parametrize("language", ["de", "de-AT"])
def test_a_premium_language_is_asked_for_the_other_way_round(plain: Vendor, rich: Vendor, language: str) -> None:
    cloud = CloudSynthesizer([plain, rich], premium_languages=["de"])
    assert cloud.list_vendors(language) == ("rich", "plain")
    assert cloud.list_vendors("en") == ("plain", "rich")


def test_a_premium_region_is_not_the_whole_language(plain: Vendor, rich: Vendor) -> None:
    cloud = CloudSynthesizer([plain, rich], premium_languages=["de-AT"])
    assert cloud.list_vendors("de-AT") == ("rich", "plain")
    assert cloud.list_vendors("de") == ("plain", "rich")


def test_the_voices_of_who_is_asked_first_come_first_and_each_vendors_order_is_kept(
    plain: Vendor, rich: Vendor
) -> None:
    voices = CloudSynthesizer([plain, rich], premium_languages=["de"]).list_voices()
    assert [v.name for v in voices if v.language == "en"] == ["plain-1", "plain-2", "rich-1", "rich-2"]
    assert [v.name for v in voices if v.language == "de"] == ["rich-1", "rich-2", "plain-1", "plain-2"]
    assert len(voices) == 10


def test_a_voice_is_read_named_and_measured_by_its_own_vendor(plain: Vendor, rich: Vendor) -> None:
    cloud = CloudSynthesizer([plain, rich])
    voice = rich.list_voices()[0]
    cloud.synthesize("Hi", voice=voice, speed=1.1, before="a", after="b")
    assert rich.read == ("Hi", "rich-1", 1.1, "a", "b")
    assert (cloud.identify(voice), cloud.get_max_characters(voice)) == ("rich/model/rich-1", 4)


def test_a_voice_of_a_vendor_that_is_not_configured_is_refused(plain: Vendor, rich: Vendor) -> None:
    cloud = CloudSynthesizer([plain])
    voice = rich.list_voices()[0]
    for use in (cloud.identify, cloud.get_max_characters, lambda v: cloud.synthesize("Hi", voice=v)):
        with pytest.raises(SynthesisError, match="rich-1"):
            use(voice)


def test_the_name_changes_with_vendors_order_and_premium_languages(plain: Vendor, rich: Vendor) -> None:
    names = [
        CloudSynthesizer([plain]).name,
        CloudSynthesizer([plain, rich]).name,
        CloudSynthesizer([rich, plain]).name,
        CloudSynthesizer([plain, rich], premium_languages=["de"]).name,
        CloudSynthesizer([plain, rich], premium_languages=["en", "de"]).name,
    ]
    assert len(set(names)) == len(names)
    assert names[-1] == CloudSynthesizer([plain, rich], premium_languages=["de", "en"]).name


def test_as_many_readings_are_worth_making_as_the_largest_vendor_takes(plain: Vendor, rich: Vendor) -> None:
    assert CloudSynthesizer([rich, plain]).max_parallel == 3


def test_a_synthesiser_without_vendors_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="vendor"):
        CloudSynthesizer([])


FAILURES = [VendorAuthError("No key of ours."), VendorUnavailableError("Away."), SettingsError("Not a key.")]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_vendor_whose_list_cannot_be_had_stops_no_language_of_another(
    plain: Vendor, rich: Vendor, failure: DubbingError, caplog: pytest.LogCaptureFixture
) -> None:
    cloud = CloudSynthesizer([plain, rich], premium_languages=["de"])
    rich.failure = failure
    assert {voice.vendor for voice in cloud.list_voices()} == {"plain"}
    assert cloud.list_vendors("de") == ("plain",)
    [record] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "rich" in record.getMessage()
    assert failure.code in record.getMessage()
    assert failure.message not in record.getMessage()


@pytest.mark.parametrize("failure", FAILURES)
def test_a_vendor_that_is_back_is_named_again_and_missed_anew(
    plain: Vendor, rich: Vendor, failure: DubbingError, caplog: pytest.LogCaptureFixture
) -> None:
    cloud = CloudSynthesizer([plain, rich])
    for _ in range(2):
        rich.failure = failure
        cloud.list_voices()
        rich.failure = None
        assert cloud.list_vendors("de") == ("plain", "rich")
    assert len(caplog.records) == 2


@pytest.mark.parametrize("failure", FAILURES)
def test_a_list_that_cannot_be_had_is_told_where_no_voice_remains(
    plain: Vendor, rich: Vendor, failure: DubbingError
) -> None:
    rich.failure = failure
    with pytest.raises(type(failure)):
        CloudSynthesizer([rich]).list_voices()
    with pytest.raises(type(failure)):
        CloudSynthesizer([plain, rich]).list_vendors("pt-BR")
    plain.failure = VendorUnavailableError("Away too.")
    with pytest.raises(VendorUnavailableError, match="Away too"):
        CloudSynthesizer([plain, rich]).list_voices()


def test_a_defect_in_listing_voices_is_not_taken_for_a_vendor_that_is_away(plain: Vendor, rich: Vendor) -> None:
    rich.failure = SynthesisError("A defect.")
    with pytest.raises(SynthesisError):
        CloudSynthesizer([plain, rich]).list_voices()
