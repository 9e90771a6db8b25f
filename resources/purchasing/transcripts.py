"""Transcripts: what is said in a recording, bought once."""

from collections.abc import Sequence

from dubbing.content_key import build_content_key
from dubbing.engines import LOCAL, Answer, Recognizer, Recording
from dubbing.errors import NoSpeechError
from dubbing.transcript import Transcript
from resources.database.connection import Database
from resources.database.tables import Upload
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
        engine = self._recognizer.name
        key = build_content_key(
            "transcript", engine=engine, sha256=upload.sha256, language=language, key_terms=sorted(key_terms)
        )
        with self._claims.hold(key, order):
            transcript = self._find(key) or self._buy(order, key, upload, duration_ms, language, key_terms)
        if not transcript.words:
            raise NoSpeechError("Nobody speaks in this recording; there is nothing to dub.")
        return transcript

    def _find(self, key: str) -> Transcript | None:
        with self._database.transaction() as tx:
            return tx.purchases.find_transcript(key)

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
        call = Call(
            vendor=self._recognizer.vendor,
            model=self._recognizer.model,
            operation="recognize",
            engine=self._recognizer.name,
            content_key=key,
            estimate={"ms": duration_ms},
        )

        def recognize() -> Answer[Transcript]:
            return self._recognizer.recognize(recording, language=language, key_terms=key_terms)

        return self._gate.buy(
            order, call, recognize, lambda heard: heard, lambda tx, heard: tx.purchases.record_transcript(key, heard)
        )

    def _sign(self, upload: Upload) -> str:
        return self._store.sign_download(upload.storage_key, expires_in_s=SIGNED_FOR_S)

    def _can_be_fetched(self, upload: Upload) -> bool:
        if self._recognizer.vendor == LOCAL or self._is_within_reach is not None:
            return bool(self._is_within_reach)
        return is_reachable_from_outside(self._sign(upload))
