"""The one place where adapters are built from settings; everything is built at first use and shared after."""

from collections.abc import Mapping
from contextlib import ExitStack
from decimal import Decimal
from functools import cached_property
from types import TracebackType
from typing import Self

from dubbing.delivery import Delivery
from dubbing.engines import Recognizer, Synthesizer, Translator
from resources.admission import Admission
from resources.alerts.watch import AlertWatch
from resources.billing.biller import Biller
from resources.budget import Budget
from resources.database.balances import Limits
from resources.database.connection import Database
from resources.database.embedded import embedded_postgres, ensure_database
from resources.database.job_lock import name_slots
from resources.estimating import Estimator
from resources.identity.building import build_verifier
from resources.identity.verifier import TokenVerifier
from resources.intake import Intake
from resources.local.recognizer import RATE_HZ, LocalRecognizer
from resources.local.synthesizer import LocalSynthesizer
from resources.local.translator import LocalTranslator
from resources.local.weights import WeightsStore
from resources.media.decoding import decode_mono
from resources.media.ffmpeg import Ffmpeg, find_ffmpeg
from resources.packages import require_package
from resources.purchasing.advisory_locks import AdvisoryLocks
from resources.purchasing.claims import Claims
from resources.purchasing.gate import VendorGate
from resources.purchasing.slots import Slots
from resources.purchasing.takes import Takes
from resources.purchasing.transcripts import Transcripts
from resources.purchasing.translated_lines import TranslatedLines
from resources.retention.eraser import Eraser
from resources.retention.policy import build_policy
from resources.separation.deepfilter import DeepFilterSeparator
from resources.separation.demucs_separator import DemucsSeparator
from resources.separation.port import Separator
from resources.settings import Settings, reveal
from resources.storage.folder import FolderStore
from resources.storage.port import ObjectStore
from resources.storage.s3 import S3Store, build_client
from resources.storage.signing import AddressSigner
from resources.storage.supabase_storage import SupabaseStore
from resources.vendors.building import (
    build_cloud_synthesizer,
    build_deepgram_recognizer,
    build_openai_translator,
    list_call_limits,
)
from resources.vendors.quotas import QuotaDesk, list_quota_questions
from resources.vendors.retention_wishes import list_retention_wishes

PRODUCT_DATABASE = "dubline"
DAGSTER_DATABASE = "dubline_dagster"


class Container:
    """Adapters by name. Close it to give back what was opened, the embedded Postgres included.

    Args:
        overrides: adapters to use instead of those the settings would give, by the name they have here.
    """

    def __init__(self, settings: Settings, *, overrides: Mapping[str, object] | None = None) -> None:
        self.settings = settings
        self._opened = ExitStack()
        vars(self).update(overrides or {})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close in the reverse order of opening."""
        self._opened.close()

    @cached_property
    def database_urls(self) -> tuple[str, str]:
        """Addresses of the product's and of Dagster's database; starts the embedded Postgres where none is set."""
        settings = self.settings
        if settings.database_url is not None and settings.dagster_database_url is not None:
            return settings.database_url.get_secret_value(), settings.dagster_database_url.get_secret_value()
        address = self._opened.enter_context(embedded_postgres(settings.data_dir / "postgres"))
        for name in (PRODUCT_DATABASE, DAGSTER_DATABASE):
            ensure_database(address, name)
        return (
            address.url(PRODUCT_DATABASE, driver="postgresql"),
            address.url(DAGSTER_DATABASE, driver="postgresql"),
        )

    @cached_property
    def database(self) -> Database:
        """The product's database, migrated."""
        connections = self.settings.database_connections
        database = Database(self.database_urls[0], max_connections=connections, limits=self.limits)
        self._opened.callback(database.close)
        database.migrate()
        return database

    @property
    def limits(self) -> Limits:
        """What may be spent in a month where nobody set anything else."""
        settings = self.settings
        return Limits(_to_micros(settings.installation_budget_usd), _to_micros(settings.user_budget_usd))

    @cached_property
    def store(self) -> ObjectStore:
        """The object store."""
        settings = self.settings
        if settings.store == "s3":
            require_package("boto3", "s3", "The store s3")
            return S3Store(
                build_client(
                    endpoint_url=settings.s3_endpoint_url,
                    region=settings.s3_region,
                    access_key_id=reveal(settings.s3_access_key_id),
                    secret_access_key=reveal(settings.s3_secret_access_key),
                ),
                settings.bucket,
            )
        if settings.store == "supabase" and settings.supabase_url and settings.supabase_secret_key:
            require_package("storage3", "supabase", "The store supabase")
            return SupabaseStore(
                settings.supabase_url, settings.supabase_secret_key.get_secret_value(), settings.bucket
            )
        return FolderStore(settings.store_dir, public_url=settings.public_url, signer=AddressSigner(settings.keys_dir))

    @cached_property
    def verifier(self) -> TokenVerifier:
        """Checks the tokens of callers."""
        return build_verifier(self.settings)

    @cached_property
    def ffmpeg(self) -> Ffmpeg:
        """The ffmpeg in use."""
        return find_ffmpeg(self.settings.ffmpeg_path)

    @cached_property
    def weights(self) -> WeightsStore:
        """The local engine's weights."""
        return WeightsStore(self.settings.cache_dir / "weights", self.settings.weights_dir)

    @cached_property
    def recognizer(self) -> Recognizer:
        """Speech to words."""
        if self.settings.recognition_engine == "cloud":
            return build_deepgram_recognizer(self.settings)
        return LocalRecognizer(
            self.weights,
            lambda audio: decode_mono(audio, self.ffmpeg, rate_hz=RATE_HZ),
            threads=self.settings.engine_threads,
        )

    @cached_property
    def translator(self) -> Translator:
        """Text to text."""
        if self.settings.translation_engine == "cloud":
            return build_openai_translator(self.settings)
        return LocalTranslator(self.weights)

    @cached_property
    def synthesizer(self) -> Synthesizer:
        """Text to speech."""
        if self.settings.synthesis_engine == "cloud":
            return build_cloud_synthesizer(self.settings, lambda: self.database)
        return LocalSynthesizer(self.weights, threads=self.settings.engine_threads)

    @property
    def separator(self) -> Separator:
        """What takes speech out of a recording; each holds a sound of its own."""
        return DemucsSeparator() if self.settings.separator == "demucs" else DeepFilterSeparator()

    @cached_property
    def budget(self) -> Budget:
        """What may be spent."""
        return Budget(self.estimator, max_duration_ms=self.settings.max_duration_ms)

    @cached_property
    def estimator(self) -> Estimator:
        """What jobs will cost."""
        again = self.settings.recognise_again
        return Estimator(self.recognizer, self.translator, self.synthesizer, recognise_again=again)

    @cached_property
    def locks(self) -> AdvisoryLocks:
        """Locks of this process that hold across all machines."""
        locks = AdvisoryLocks(self.database)
        self._opened.callback(locks.close)
        return locks

    @cached_property
    def claims(self) -> Claims:
        """Who buys what."""
        return Claims(self.locks)

    @cached_property
    def gate(self) -> VendorGate:
        """The one way to a vendor."""
        slots = {
            kind: Slots(self.locks, name_slots(*kind), count) for kind, count in list_call_limits(self.settings).items()
        }
        return VendorGate(
            self.database,
            slots,
            patience_s=self.settings.vendor_patience_minutes * 60,
            outage_patience_s=self.settings.outage_patience_minutes * 60,
        )

    @cached_property
    def transcripts(self) -> Transcripts:
        """What is said in recordings."""
        reach = {"yes": True, "no": False, "auto": None}[self.settings.vendors_reach_store]
        return Transcripts(self.database, self.store, self.gate, self.claims, self.recognizer, is_within_reach=reach)

    @cached_property
    def translated_lines(self) -> TranslatedLines:
        """What is said, in other languages."""
        return TranslatedLines(self.database, self.gate, self.claims, self.translator)

    @cached_property
    def takes(self) -> Takes:
        """Readings."""
        return Takes(self.database, self.store, self.gate, self.claims, self.synthesizer)

    @cached_property
    def eraser(self) -> Eraser:
        """What is kept no longer."""
        return Eraser(self.database, self.store, build_policy(self.settings), list_retention_wishes(self.settings))

    @cached_property
    def quota_desk(self) -> QuotaDesk:
        """What is left at vendors."""
        return QuotaDesk(self.database, list_quota_questions(self.settings))

    @cached_property
    def alert_watch(self) -> AlertWatch:
        """What somebody should look at."""
        return AlertWatch(self.database, self.limits, self.quota_desk.vendors)

    @cached_property
    def biller(self) -> Biller:
        """The bills of the days."""
        return Biller(self.database, self.store)

    @cached_property
    def admission(self) -> Admission:
        """Uploaded recordings."""
        return Admission(self.store, lambda: self.ffmpeg, max_duration_ms=self.settings.max_duration_ms)

    @cached_property
    def intake(self) -> Intake:
        """New jobs."""
        return Intake(
            lambda: self.database,
            lambda: self.store,
            lambda: self.ffmpeg,
            self.recognizer,
            self.translator,
            self.synthesizer,
            self.budget,
            max_duration_ms=self.settings.max_duration_ms,
            delivery=Delivery(bed=self.settings.bed, loudness=self.settings.loudness),
        )


def _to_micros(usd: Decimal | None) -> int | None:
    return int(usd * 1_000_000) if usd is not None else None
