"""What a job will cost, at the prices in force and by the engines in use."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

from dubbing.casting import plan_casting
from dubbing.engines import LOCAL, Recognizer, Synthesizer, Translator
from dubbing.estimating import (
    Basis,
    JobEstimate,
    Part,
    Said,
    count_rereadings,
    count_translated,
    estimate_proof,
    estimate_reading,
    estimate_recognition,
    estimate_translation,
    guess_reading,
    guess_said,
    guess_translated,
    measure_said,
    price_parts,
)
from dubbing.languages import get_base
from dubbing.replaying import Model
from dubbing.transcript import Segment
from dubbing.translation_budget import find_cps, plan_budgets
from dubbing.usage import Price
from resources.database.connection import UnitOfWork

_ANY_LANGUAGE: Final = "und"

Voices = Mapping[str, Mapping[str, str]]
"""Name of the chosen voice by speaker by language."""

Translations = Mapping[str, Mapping[int, str]]
"""Text by number of the line by language."""


class Estimator:
    """Estimates jobs.

    Args:
        recognise_again: what is heard of a finished dub, as the settings say.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        translator: Translator,
        synthesizer: Synthesizer,
        *,
        recognise_again: Literal["off", "sample", "all"],
    ) -> None:
        self._recognizer = recognizer
        self._translator = translator
        self._synthesizer = synthesizer
        self._recognise_again = recognise_again

    def estimate(
        self,
        tx: UnitOfWork,
        targets: Sequence[str],
        duration_ms: int,
        *,
        source: str | None = None,
        voices: Voices | None = None,
        transcript: Sequence[Segment] | None = None,
        translations: Translations | None = None,
    ) -> JobEstimate:
        """Tell what a whole job will cost, from as much as is known of it; what was bought already is not taken off.

        Args:
            tx: of the service; prices are not for callers.
            targets: canonical tags that are offered, each once.
            duration_ms: of the recording.
            source: canonical tag; None where it is yet to be detected.
            voices: that the customer chose.
            transcript: what is said, once that is known.
            translations: of the languages that are translated.

        Raises:
            SettingsError: there is no price for a model that would be asked.
            UnsupportedLanguageError: no voice speaks a target.
            VendorError: no vendor's list of voices can be had.
        """
        translations = translations or {}
        shared = [Part((self._recognizing,), *estimate_recognition(duration_ms))]
        parts: dict[str, list[Part]] = {}
        for target in targets:
            chosen = (voices or {}).get(target, {})
            if transcript is None:
                parts[target] = self._guess(target, duration_ms, source, chosen)
            else:
                spoken_in = source or _ANY_LANGUAGE
                texts = translations.get(target, {})
                parts[target] = self._look(target, duration_ms, spoken_in, chosen, transcript, texts)
        prices, since = _load_prices(tx, [*shared, *(part for each in parts.values() for part in each)])
        return JobEstimate(
            price_parts(shared, prices, "duration"),
            {
                target: price_parts(each, prices, _name_basis(transcript, translations.get(target)))
                for target, each in parts.items()
            },
            since,
        )

    @property
    def _recognizing(self) -> Model:
        return (self._recognizer.vendor, self._recognizer.model)

    @property
    def _translating(self) -> Model:
        return (self._translator.vendor, self._translator.model)

    def _guess(self, target: str, duration_ms: int, source: str | None, chosen: Mapping[str, str]) -> list[Part]:
        """List what is bought for a language of a recording that nobody has heard."""
        least, most = guess_said(duration_ms, source)
        translated = guess_translated(duration_ms, target)
        reading = guess_reading(duration_ms, target, rereadings=count_rereadings(self._translator))
        return [
            *self._translate(least, most, translated, source, target),
            Part(self._list_models(target, chosen), *reading),
            self._prove(most.lines, duration_ms),
        ]

    def _look(
        self,
        target: str,
        duration_ms: int,
        source: str,
        chosen: Mapping[str, str],
        segments: Sequence[Segment],
        texts: Mapping[int, str],
    ) -> list[Part]:
        """List what is bought for a language of a recording that was heard."""
        said = measure_said(segments)
        translated = count_translated(segments, source=source, target=target)
        spoken_ms = sum(segment.end_ms - segment.start_ms for segment in segments)
        budgets = plan_budgets(segments, duration_ms, find_cps(target))
        readings = []
        for model, speakers in self._cast(target, segments, chosen).items():
            lines = [segment for segment in segments if segment.speaker in speakers]
            bounds = estimate_reading(
                lines,
                budgets,
                source=source,
                target=target,
                rereadings=count_rereadings(self._translator),
                texts=texts,
            )
            readings.append(Part((model,), *bounds))
        return [
            *self._translate(said, said, translated, source, target),
            *readings,
            self._prove(said.lines, spoken_ms),
        ]

    def _translate(self, least: Said, most: Said, translated: int, source: str | None, target: str) -> list[Part]:
        if self._translator.vendor == LOCAL:
            return []
        usage = estimate_translation(least, most, translated, self._translator, source=source, target=target)
        return [Part((self._translating,), *usage)]

    def _prove(self, lines: int, spoken_ms: int) -> Part:
        most = estimate_proof(lines, spoken_ms, self._recognise_again)
        return Part((self._recognizing,), {}, most)

    def _list_models(self, target: str, chosen: Mapping[str, str]) -> tuple[Model, ...]:
        """List the models that may read a language: those of the vendor that is asked first, and of chosen voices."""
        voices, vendors = self._synthesizer.list_voices(), self._synthesizer.list_vendors(target)
        (first,) = plan_casting(["1"], voices, target, vendors=vendors).values()
        names = set(chosen.values())
        return tuple(
            dict.fromkeys(
                (voice.vendor, voice.model)
                for voice in voices
                if get_base(voice.language) == get_base(target)
                and (voice.vendor == first.vendor or voice.name in names)
            )
        )

    def _cast(self, target: str, segments: Sequence[Segment], chosen: Mapping[str, str]) -> Mapping[Model, set[str]]:
        """Tell which speakers each model reads."""
        voices = self._synthesizer.list_voices()
        offered = {voice.name for voice in voices if get_base(voice.language) == get_base(target)}
        wanted = {speaker: name for speaker, name in chosen.items() if name in offered}
        speakers = [segment.speaker for segment in segments]
        cast = plan_casting(speakers, voices, target, wanted, vendors=self._synthesizer.list_vendors(target))
        found: dict[Model, set[str]] = {}
        for speaker, voice in cast.items():
            found.setdefault((voice.vendor, voice.model), set()).add(speaker)
        return found


def _name_basis(transcript: object, translation: object) -> Basis:
    if transcript is None:
        return "duration"
    return "translation" if translation else "transcript"


def _load_prices(
    tx: UnitOfWork, parts: Sequence[Part]
) -> tuple[Mapping[Model, Mapping[str, Price]], Mapping[Model, datetime]]:
    """Find what is needed of the prices in force.

    Raises:
        SettingsError: there is none for something.
    """
    units: dict[Model, set[str]] = {}
    for part in parts:
        for model in part.models:
            if model[0] != LOCAL:
                units.setdefault(model, set()).update(part.most)
    sets = {model: tx.prices.get_current(*model, used) for model, used in units.items()}
    return {model: each.prices for model, each in sets.items()}, {m: each.effective_from for m, each in sets.items()}
