"""Takes: one reading of a text by a voice, bought once, stored as it came."""

from collections.abc import Sequence

import numpy as np

from dubbing.audio import find_speech_span
from dubbing.content_key import build_content_key
from dubbing.engines import Answer, Speech, Synthesizer, Voice
from dubbing.errors import SynthesisError, VendorReplyError
from dubbing.long_text import split_text
from dubbing.readings import find_fault
from dubbing.translation_budget import list_vendor_speeds
from dubbing.units import frames_to_ms, ms_to_frames
from resources.database.connection import Database, UnitOfWork
from resources.database.tables import Take
from resources.hashing import measure_sha256
from resources.media.wav import read_wav, write_wav
from resources.purchasing.claims import Claims
from resources.purchasing.gate import VendorGate
from resources.purchasing.ledger import Call
from resources.purchasing.orders import Order
from resources.storage.port import ObjectStore
from resources.workspaces import open_workspace

PART_GAP_MS = 150
"""Silence between the readings of a text that was too long for one, ms."""


class Takes:
    """Readings by content key."""

    def __init__(
        self, database: Database, store: ObjectStore, gate: VendorGate, claims: Claims, synthesizer: Synthesizer
    ) -> None:
        self._database = database
        self._store = store
        self._gate = gate
        self._claims = claims
        self._synthesizer = synthesizer

    def get(
        self,
        order: Order,
        text: str,
        *,
        language: str,
        voice: Voice,
        speed: float = 1.0,
        before: str = "",
        after: str = "",
    ) -> Take:
        """Return the reading of a text by a voice; what is said around it does not make it another one.

        Args:
            speed: that the voice is asked for, > 1 is faster.
            before, after: what the voice says before and after it.

        Raises:
            SynthesisError: there is nothing to say, or the engine failed on this text.
            VendorError: the vendor did not answer, or refused, or gave no speech.
        """
        key = self.build_key(text, language=language, voice=voice, speed=speed)
        if (found := self._find(key)) is not None:
            return found
        parts = split_text(text, self._synthesizer.get_max_characters(voice))
        if len(parts) > 1:
            takes = [self.get(order, part, language=language, voice=voice, speed=speed) for part in parts]
            with self._claims.hold(key, order):
                return self._find(key) or self._join(key, takes, language=language, voice=voice)
        with self._claims.hold(key, order):
            if (found := self._find(key)) is not None:
                return found
            return self._buy(order, key, text, language=language, voice=voice, speed=speed, before=before, after=after)

    def find_speed(self, text: str, *, language: str, voice: Voice, speed: float) -> float | None:
        """Find the speed nearest to this one at which a voice has read a text already.

        What is wanted of a voice moves with what is known of its pace; a text that it has read is not bought again for
        that: the time-stretch makes up for the rest.
        """
        keys = {
            self.build_key(text, language=language, voice=voice, speed=each): each
            for each in {*list_vendor_speeds(voice.max_speed), speed}
        }
        with self._database.transaction() as tx:
            found = tx.purchases.get_takes(keys)
        return min((keys[key] for key in found), key=lambda each: (round(abs(each - speed), 6), each), default=None)

    def build_key(self, text: str, *, language: str, voice: Voice, speed: float = 1.0) -> str:
        """Name a reading by all that determines it."""
        engine = self._synthesizer.identify(voice)
        return build_content_key("take", engine=engine, voice=voice.name, language=language, text=text, speed=speed)

    def _find(self, key: str) -> Take | None:
        with self._database.transaction() as tx:
            found = tx.purchases.find_take(key)
            if found is not None:
                tx.totals.add_found("synthesize", 1, [key])
        return found if found is not None and self._store.find_info(found.storage_key) is not None else None

    def _buy(
        self, order: Order, key: str, text: str, *, language: str, voice: Voice, speed: float, before: str, after: str
    ) -> Take:
        call = Call(
            vendor=voice.vendor,
            model=voice.model,
            operation="synthesize",
            engine=self._synthesizer.identify(voice),
            content_key=key,
            estimate={"characters": len(text)},
        )

        def synthesize() -> Answer[Speech]:
            answer = self._synthesizer.synthesize(text, voice=voice, speed=speed, before=before, after=after)
            if fault := find_fault(answer.value, text, language=language, speed=speed):
                raise VendorReplyError(fault, receipt=answer.receipt)
            return answer

        def store(speech: Speech) -> Take:
            return self._store_take(key, speech, language=language, voice=voice)

        return self._gate.buy(order, call, synthesize, store, _record)

    def _join(self, key: str, takes: Sequence[Take], *, language: str, voice: Voice) -> Take:
        """Put the readings of the parts of a text behind one another."""
        pieces, rate_hz = [], 0
        for take in takes:
            with self._store.fetch(take.storage_key) as file:
                samples, rate_hz = read_wav(file)
            pieces.append(
                samples[ms_to_frames(take.speech_start_ms, rate_hz) : ms_to_frames(take.speech_end_ms, rate_hz)]
            )
            pieces.append(np.zeros(ms_to_frames(PART_GAP_MS, rate_hz), np.float32))
        joined = self._store_take(key, Speech(np.concatenate(pieces[:-1]), rate_hz), language=language, voice=voice)
        with self._database.transaction() as tx:
            _record(tx, joined)
        return joined

    def _store_take(self, key: str, speech: Speech, *, language: str, voice: Voice) -> Take:
        start, end = find_speech_span(speech.samples, speech.rate_hz)
        if start == end:
            raise SynthesisError("The voice gave silence.")
        storage_key = f"takes/{key[:2]}/{key}.wav"
        with open_workspace("take") as folder:
            file = folder / "take.wav"
            write_wav(file, speech.samples, speech.rate_hz)
            sha256 = measure_sha256(file)
            self._store.put(storage_key, file)
        return Take(
            content_key=key,
            storage_key=storage_key,
            language=language,
            voice=voice.name,
            speech_start_ms=frames_to_ms(start, speech.rate_hz),
            speech_end_ms=frames_to_ms(end, speech.rate_hz),
            sha256=sha256,
        )


def _record(tx: UnitOfWork, take: Take) -> None:
    tx.purchases.record_take(take)
