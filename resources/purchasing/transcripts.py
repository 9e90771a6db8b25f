"""Transcripts: what is said in a recording, bought once."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from dubbing.content_key import build_content_key
from dubbing.engines import LOCAL, Recognizer, Recording
from dubbing.errors import NoSpeechError, RecordingUnreachableError
from dubbing.transcript import Transcript
from resources.database.connection import Database, UnitOfWork
from resources.database.tables import Upload
from resources.hashing import measure_sha256
from resources.purchasing.claims import Claims
from resources.purchasing.gate import VendorGate
from resources.purchasing.ledger import Call
from resources.purchasing.orders import Order
from resources.purchasing.reach import is_reachable_from_outside
from resources.storage.port import ObjectStore

SIGNED_FOR_S = 3600
"""How long a vendor may read a recording at its address, seconds; recognition of four hours takes a few minutes."""


class Transcripts:
    """Recognitions by content key.

    Args:
        is_within_reach: whether vendors can fetch recordings from the store; None to judge by the address.
    """

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        gate: VendorGate,
        claims: Claims,
        recognizer: Recognizer,
        *,
        is_within_reach: bool | None,
    ) -> None:
        self._database = database
        self._store = store
        self._gate = gate
        self._claims = claims
        self._recognizer = recognizer
        self._is_within_reach = is_within_reach

    def get(
        self, order: Order, upload: Upload, duration_ms: int, *, language: str | None, key_terms: Sequence[str] = ()
    ) -> Transcript:
        """Return what is said in a recording.

        Args:
            language: canonical tag, or None to detect it.
            key_terms: rare words that may be said.

        Raises:
            NoSpeechError: nobody speaks; this too is paid for once.
            UnsupportedLanguageError, RecognitionError, VendorError: as the recogniser says.
        """
        key = self._build_key(upload.sha256, language, key_terms)
        with self._claims.hold(key, order):
            # What was bought to detect the language is found by the language too, but the ledger has it by its own key.
            bought_as = (key, self._build_key(upload.sha256, None, key_terms))
            transcript = self._find(*bought_as) or self._buy(order, key, upload, duration_ms, language, key_terms)
        if not transcript.words:
            raise NoSpeechError("Nobody speaks in this recording; there is nothing to dub.")
        return transcript

    def hear(self, order: Order, sound: Path, duration_ms: int, *, language: str) -> Transcript:
        """Return what is understood of a sound that we made ourselves; vendors are sent it.

        Args:
            language: canonical tag that it is in.

        Raises:
            NoSpeechError: nothing is understood; this too is paid for once.
            UnsupportedLanguageError, RecognitionError, VendorError: as the recogniser says.
        """
        key = self._build_key(measure_sha256(sound), language, ())
        recording = Recording(duration_ms, lambda: nullcontext(sound), tag=str(order.job_id))
        with self._claims.hold(key, order):
            transcript = self._find(key) or self._call(
                order, key, recording, language, (), lambda tx, heard: tx.purchases.record_transcript(key, heard)
            )
        if not transcript.words:
            raise NoSpeechError("Nothing is understood of this sound.")
        return transcript

    def _find(self, key: str, *other_keys: str) -> Transcript | None:
        with self._database.transaction() as tx:
            found = tx.purchases.find_transcript(key)
            if found is not None:
                tx.totals.add_found("recognize", 1, [key, *other_keys])
            return found

    def _buy(
        self,
        order: Order,
        key: str,
        upload: Upload,
        duration_ms: int,
        language: str | None,
        key_terms: Sequence[str],
    ) -> Transcript:
        recording = Recording(
            duration_ms=duration_ms,
            fetch=lambda: self._store.fetch(upload.storage_key),
            sign=(lambda: self._sign(upload)) if self._can_be_fetched(upload) else None,
            tag=str(order.job_id),
        )

        def record(tx: UnitOfWork, heard: Transcript) -> None:
            tx.purchases.record_transcript(key, heard)
            if language is None and heard.words:  # the job is in that language from now on, and asks for it
                tx.purchases.record_transcript(self._build_key(upload.sha256, heard.language, key_terms), heard)

        try:
            return self._call(order, key, recording, language, key_terms, record)
        except RecordingUnreachableError:
            if recording.sign is None:
                raise
            return self._call(order, key, replace(recording, sign=None), language, key_terms, record)

    def _call(
        self,
        order: Order,
        key: str,
        recording: Recording,
        language: str | None,
        key_terms: Sequence[str],
        record: Callable[[UnitOfWork, Transcript], None],
    ) -> Transcript:
        call = Call(
            vendor=self._recognizer.vendor,
            model=self._recognizer.model,
            operation="recognize",
            engine=self._recognizer.name,
            content_key=key,
            estimate={"ms": recording.duration_ms},
        )
        # A useless answer is billed by the minute, and would be as useless again.
        return self._gate.buy(
            order,
            call,
            lambda: self._recognizer.recognize(recording, language=language, key_terms=key_terms),
            lambda heard: heard,
            record,
            retries_replies=False,
        )

    def _build_key(self, sha256: str | None, language: str | None, key_terms: Sequence[str]) -> str:
        return build_transcript_key(self._recognizer.name, sha256, language, key_terms)

    def _sign(self, upload: Upload) -> str:
        return self._store.sign_download(upload.storage_key, expires_in_s=SIGNED_FOR_S)

    def _can_be_fetched(self, upload: Upload) -> bool:
        if self._recognizer.vendor == LOCAL:
            return False
        if self._is_within_reach is not None:
            return self._is_within_reach
        return is_reachable_from_outside(self._sign(upload))


def build_transcript_key(engine: str, sha256: str | None, language: str | None, key_terms: Sequence[str]) -> str:
    """Name a recognition by all that determines it.

    Args:
        engine: name of the recogniser.
        sha256: of the recording.
        language: canonical tag, or None where it was to be detected.
    """
    return build_content_key("transcript", engine=engine, sha256=sha256, language=language, key_terms=sorted(key_terms))
