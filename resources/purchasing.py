"""Buying from engines: what was bought before is found again, what is new goes through the ledger.

The local engine costs nothing, and is bought from in the same way: one path for every engine.
"""

import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from dubbing.audio import find_speech_span
from dubbing.content_key import build_content_key
from dubbing.engines import Recognizer, Speech, Synthesizer, Translator, Voice
from dubbing.errors import DubbingError
from dubbing.transcript import Transcript
from dubbing.units import frames_to_ms
from resources.database.connection import Database, UnitOfWork
from resources.database.tables import Take, Upload, VendorCall
from resources.hashing import measure_sha256
from resources.media.wav import write_wav
from resources.storage.port import ObjectStore

Bought = TypeVar("Bought")


class Purchasing:
    """Transcripts, translations and takes, each paid for once."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        recognizer: Recognizer,
        translator: Translator,
        synthesizer: Synthesizer,
    ) -> None:
        self._database = database
        self._store = store
        self._recognizer = recognizer
        self._translator = translator
        self._synthesizer = synthesizer

    def get_transcript(self, job_id: uuid.UUID, upload: Upload, duration_ms: int, language: str | None) -> Transcript:
        """Return what is said in a recording.

        Raises:
            NoSpeechError, UnsupportedLanguageError, RecognitionError: as the recogniser says.
        """
        key = build_content_key("transcript", engine=self._recognizer.name, sha256=upload.sha256, language=language)
        with self._database.transaction() as tx:
            found = tx.purchases.find_transcript(key)
        if found is not None:
            return found

        def recognize() -> Transcript:
            with self._store.fetch(upload.storage_key) as audio:
                return self._recognizer.recognize(audio, language=language)

        call = VendorCall(
            job_id=job_id,
            operation="recognize",
            engine=self._recognizer.name,
            content_key=key,
            unit="ms",
            units=duration_ms,
        )
        return self._buy(call, recognize, lambda tx, transcript: tx.purchases.record_transcript(key, transcript))

    def get_translations(
        self, job_id: uuid.UUID, texts: Sequence[str], *, source: str, target: str
    ) -> Mapping[str, str]:
        """Return the translation of each text; only those never translated before are sent.

        Raises:
            TranslationError: as the translator says.
        """
        keys = {
            text: build_content_key(
                "translation", engine=self._translator.name, source=source, target=target, text=text
            )
            for text in texts
        }
        with self._database.transaction() as tx:
            found = tx.purchases.find_translations(list(keys.values()))
        missing = [text for text, key in keys.items() if key not in found]
        translated = {text: found[key] for text, key in keys.items() if key in found}
        if not missing:
            return translated

        def keep(tx: UnitOfWork, answers: list[str]) -> None:
            for text, answer in zip(missing, answers, strict=True):
                tx.purchases.record_translation(keys[text], source=source, target=target, text=answer)

        call = VendorCall(
            job_id=job_id,
            language=target,
            operation="translate",
            engine=self._translator.name,
            content_key=build_content_key("translation_batch", keys=[keys[text] for text in missing]),
            unit="characters",
            units=sum(map(len, missing)),
        )
        answers = self._buy(call, lambda: self._translator.translate(missing, source=source, target=target), keep)
        return translated | dict(zip(missing, answers, strict=True))

    def get_take(self, job_id: uuid.UUID, text: str, *, language: str, voice: Voice) -> Take:
        """Return the reading of a text by a voice.

        Raises:
            SynthesisError: as the synthesiser says.
        """
        key = build_content_key("take", engine=self._synthesizer.name, voice=voice.name, language=language, text=text)
        with self._database.transaction() as tx:
            found = tx.purchases.find_take(key)
        if found is not None and self._store.find_info(found.storage_key) is not None:
            return found
        call = VendorCall(
            job_id=job_id,
            language=language,
            operation="synthesize",
            engine=self._synthesizer.name,
            content_key=key,
            unit="characters",
            units=len(text),
        )

        def synthesize() -> Take:
            speech = self._synthesizer.synthesize(text, voice=voice)
            return self._store_take(key, speech, language=language, voice=voice.name)

        return self._buy(call, synthesize, lambda tx, take: tx.purchases.record_take(take))

    def _store_take(self, key: str, speech: Speech, *, language: str, voice: str) -> Take:
        start, end = find_speech_span(speech.samples, speech.rate_hz)
        storage_key = f"takes/{key[:2]}/{key}.wav"
        with tempfile.TemporaryDirectory(prefix="dubline-take-") as folder:
            file = Path(folder) / "take.wav"
            write_wav(file, speech.samples, speech.rate_hz)
            sha256 = measure_sha256(file)
            self._store.put(storage_key, file)
        return Take(
            content_key=key,
            storage_key=storage_key,
            language=language,
            voice=voice,
            speech_start_ms=frames_to_ms(start, speech.rate_hz),
            speech_end_ms=frames_to_ms(end, speech.rate_hz),
            sha256=sha256,
        )

    def _buy(
        self, call: VendorCall, perform: Callable[[], Bought], keep: Callable[[UnitOfWork, Bought], None]
    ) -> Bought:
        """Write the call, make it, then keep what it bought and settle the bill in one transaction."""
        with self._database.transaction() as tx:
            call_id = tx.purchases.start_call(call)
        try:
            bought = perform()
        except DubbingError as error:
            with self._database.transaction() as tx:
                tx.purchases.fail_call(call_id, error.code)
            raise
        with self._database.transaction() as tx:
            keep(tx, bought)
            tx.purchases.settle_call(call_id)
        return bought
