"""Every setting of the product, and the only reader of the environment.

Variables start with ``DUBLINE_``; a ``.env`` file in the working directory is read too. A wrong value stops the
program at start with a sentence that names the variable.
"""

from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_cache_path, user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from dubbing.delivery import BedKind, LoudnessPreset
from dubbing.errors import SettingsError, UnknownLanguageError
from dubbing.languages import parse_language

PREFIX = "DUBLINE_"

Engine = Literal["local", "cloud"]
"""``local`` is this machine, ``cloud`` the vendors."""

RecogniseAgain = Literal["off", "sample", "all"]
SeparatorName = Literal["deepfilter", "demucs"]


class Settings(BaseSettings):
    """What an installation can choose; the description of a field is its documentation."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("dubline"),
        description="Folder of the embedded database, the folder store and Dagster's home.",
    )
    cache_dir: Path = Field(
        default_factory=lambda: user_cache_path("dubline"),
        description="Folder of assembled model weights; may be deleted at any time.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="postgresql://… of the product's database. Empty: the embedded Postgres starts by itself.",
    )
    dagster_database_url: SecretStr | None = Field(
        default=None,
        description="postgresql://… of Dagster's own database; needed when DUBLINE_DATABASE_URL is set.",
    )
    database_connections: int = Field(
        default=30, ge=20, le=1000, description="Most connections to the product's database that one process opens."
    )
    weights_dir: Path | None = Field(
        default=None, description="Folder with model weights to use instead of those in the installed packages."
    )
    ffmpeg_path: Path | None = Field(default=None, description="An ffmpeg to use instead of the one that is found.")
    max_duration_minutes: int = Field(default=240, ge=1, le=1440, description="Longest recording accepted, minutes.")
    language_workers: int = Field(default=2, ge=1, le=64, description="Languages of one job worked on at once.")
    engine_threads: int = Field(default=2, ge=1, le=64, description="Processor threads the local engine may use.")
    bed: BedKind = Field(
        default="duck",
        description="What becomes of the original sound where a job does not say: duck, separate (only its speech is "
        "taken out) or none.",
    )
    separator: SeparatorName = Field(
        default="deepfilter",
        description="Who takes speech out where the bed is separate: deepfilter, or demucs, which is to be installed "
        "beside: pip install 'demucs>=4.1'.",
    )
    loudness: LoudnessPreset = Field(
        default="podcast",
        description="Loudness target where a job does not say: podcast -16 LUFS, ebu_r128 -23, atsc_a85 -24.",
    )
    recognise_again: RecogniseAgain = Field(
        default="sample",
        description="Which lines of a finished dub are recognised again to prove that they can be understood: sample "
        "(a minute of each language), all, or off.",
    )
    max_word_error_rate: float = Field(
        default=0.30, gt=0, le=1, description="From this word error rate a dub is flagged as hard to understand."
    )
    max_onset_offset_ms: int = Field(
        default=300, ge=10, le=10_000, description="A dub is flagged when 5 % of its lines begin later than this, ms."
    )
    min_source_overlap: float = Field(
        default=0.5, ge=0, le=1, description="A dub is flagged when it speaks during less of the source's speech, 0-1."
    )
    max_null_residual_db: float = Field(
        default=-40.0, ge=-120, le=0, description="A dub is flagged when it alters the original between lines by more."
    )

    recognition_engine: Engine = Field(default="local", description="Who recognises speech; cloud is Deepgram.")
    translation_engine: Engine = Field(default="local", description="Who translates; cloud is OpenAI.")
    synthesis_engine: Engine = Field(default="local", description="Who speaks; cloud is Deepgram and ElevenLabs.")
    deepgram_api_key: SecretStr | None = Field(default=None, description="Key of Deepgram.")
    deepgram_url: str = Field(default="https://api.deepgram.com", description="Address of Deepgram.")
    openai_api_key: SecretStr | None = Field(default=None, description="Key of OpenAI.")
    openai_url: str = Field(default="https://api.openai.com/v1", description="Address of OpenAI.")
    openai_model: str = Field(default="gpt-6-luna", description="Model that translates; it must have a price.")
    elevenlabs_api_key: SecretStr | None = Field(default=None, description="Key of ElevenLabs.")
    elevenlabs_url: str = Field(default="https://api.elevenlabs.io", description="Address of ElevenLabs.")
    elevenlabs_model: Literal["eleven_multilingual_v2", "eleven_flash_v2_5"] = Field(
        default="eleven_multilingual_v2", description="Model that speaks; languages it lacks are spoken by Flash v2.5."
    )
    elevenlabs_voices: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Ids of the ElevenLabs voices to cast, best first, comma-separated. Empty: all."
    )
    elevenlabs_zero_retention: bool = Field(
        default=False, description="Ask ElevenLabs to keep nothing; only its enterprise plans allow it."
    )
    premium_languages: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Languages that ElevenLabs speaks although Deepgram could, comma-separated: es,fr"
    )
    deepgram_recognitions: int = Field(
        default=100, ge=1, le=1000, description="Recognitions at Deepgram at once, over all machines."
    )
    deepgram_readings: int = Field(
        default=15, ge=1, le=1000, description="Readings by Deepgram at once, over all machines."
    )
    openai_translations: int = Field(
        default=32, ge=1, le=1000, description="Translations at OpenAI at once, over all machines."
    )
    elevenlabs_readings: int = Field(
        default=10, ge=1, le=1000, description="Readings by ElevenLabs at once, over all machines; see your plan."
    )
    vendor_patience_minutes: int = Field(
        default=30, ge=1, le=1440, description="How long a job waits for a vendor that is down or full, minutes."
    )
    outage_patience_minutes: int = Field(
        default=120, ge=0, le=1440, description="How long a job waits for a store that is down or a full disk, minutes."
    )
    mixing_slots: int = Field(default=2, ge=1, le=256, description="Languages mixed at once on one machine.")
    max_runs: int = Field(default=4, ge=1, le=1000, description="Jobs worked on at once; the others wait.")
    max_runs_per_user: int = Field(
        default=3, ge=1, le=1000, description="Jobs of one user worked on at once; as max_runs where there is one user."
    )
    max_long_runs: int = Field(
        default=2, ge=1, le=1000, description="Jobs of over half an hour worked on at once; fewer than max_runs."
    )
    installation_budget_usd: Decimal | None = Field(
        default=None,
        ge=0,
        le=1_000_000_000,
        decimal_places=6,
        description="Most that all jobs of a month may cost, dollars; empty: no limit.",
    )
    user_budget_usd: Decimal | None = Field(
        default=None,
        ge=0,
        le=1_000_000_000,
        decimal_places=6,
        description="Most that one user may spend in a month, dollars; empty: no limit.",
    )
    vendors_reach_store: Literal["auto", "yes", "no"] = Field(
        default="auto",
        description="Whether vendors can fetch recordings from the store by address; auto judges by the address.",
    )

    run_start: Literal["fork", "spawn"] = Field(
        default="fork",
        description="How runs begin: forked from a process that has imported everything, or Dagster's stock way.",
    )

    public_url: str = Field(
        default="http://127.0.0.1:8000",
        description="Address at which clients reach the API; signed addresses begin with it.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Origins of web pages that may call the API, comma-separated: https://app.example.com"
    )
    max_upload_mb: int = Field(default=2048, ge=1, le=51200, description="Largest recording accepted, megabytes.")
    max_languages: int = Field(default=20, ge=1, le=200, description="Most target languages of one job.")
    upload_ttl_minutes: int = Field(
        default=120, ge=1, le=120, description="How long an upload address works, minutes; Supabase gives 120."
    )
    artifact_ttl_hours: int = Field(
        default=48, ge=1, le=8760, description="How long a finished dub can be downloaded, hours; then it is erased."
    )
    keep_uploads_hours: int = Field(default=48, ge=1, le=8760, description="How long recordings are kept, hours.")
    keep_texts_hours: int = Field(
        default=48,
        ge=1,
        le=8760,
        description="How long a finished job's transcript and translations are kept, hours; then it is expired.",
    )
    keep_caches_hours: int = Field(
        default=48,
        ge=1,
        le=8760,
        description="How long bought readings, transcripts and translations are kept for other jobs, hours.",
    )
    keep_orphans_hours: int = Field(
        default=48, ge=1, le=8760, description="How long objects in the store that no job knows are left, hours."
    )
    keep_runs_days: int = Field(
        default=14, ge=1, le=3650, description="How long Dagster's records of ended runs are kept, days."
    )
    download_lease_seconds: int = Field(
        default=300, ge=10, le=3600, description="How long a broken download can be taken up again, seconds."
    )

    log_format: Literal["auto", "json", "text"] = Field(
        default="auto", description="How log lines look: json, text, or auto: text in a terminal, json elsewhere."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important lines that are logged."
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        description="Token that whoever reads metrics must send. Empty: only this machine itself may read them.",
    )
    metrics_host: str = Field(default="127.0.0.1", description="Address on which `dubline metrics` listens.")
    metrics_port: int = Field(
        default=9464, ge=0, le=65535, description="Port on which `dubline metrics` listens; 0 takes a free one."
    )
    otlp_endpoint: str | None = Field(
        default=None, description="Address of an OTLP/HTTP receiver of traces: http://127.0.0.1:4318. Empty: no traces."
    )
    otlp_headers: SecretStr | None = Field(
        default=None, description="Headers that the receiver of traces wants, comma-separated: name=value,name=value"
    )
    trace_share: float = Field(
        default=1.0, ge=0, le=1, description="Share of requests whose jobs are traced, 0-1; clients cannot ask for it."
    )

    supabase_url: str | None = Field(
        default=None,
        description="https://<ref>.supabase.co, as clients reach it; its tokens are accepted. Empty: our own.",
    )
    supabase_secret_key: SecretStr | None = Field(
        default=None, description="Secret (service role) key of the Supabase project; needed for its storage."
    )
    supabase_jwt_secret: SecretStr | None = Field(
        default=None, description="Legacy shared secret: accepts HS256 tokens too. Empty: they are refused."
    )
    allow_anonymous_users: bool = Field(default=False, description="Accept Supabase's anonymous sign-ins.")

    store: Literal["folder", "s3", "supabase"] = Field(default="folder", description="Where recordings and dubs lie.")
    bucket: str = Field(default="dubline", description="Bucket of the S3 or Supabase store; it must exist.")
    s3_endpoint_url: str | None = Field(default=None, description="Address of an S3 server that is not Amazon's.")
    s3_region: str = Field(default="us-east-1", description="Region of the S3 bucket.")
    s3_access_key_id: SecretStr | None = Field(
        default=None, description="S3 key id. Empty: as boto3 finds it (environment, profile, instance role)."
    )
    s3_secret_access_key: SecretStr | None = Field(default=None, description="S3 secret key.")

    @field_validator("cors_origins", "elevenlabs_voices", "premium_languages", mode="before")
    @classmethod
    def _split(cls, listed: object) -> object:
        return tuple(filter(None, map(str.strip, listed.split(",")))) if isinstance(listed, str) else listed

    @field_validator("premium_languages")
    @classmethod
    def _are_languages(cls, tags: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(map(parse_language, tags))
        except UnknownLanguageError as error:
            raise ValueError(error.message) from None

    @field_validator("public_url", "supabase_url", "deepgram_url", "openai_url", "elevenlabs_url", "otlp_endpoint")
    @classmethod
    def _is_http(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return url.rstrip("/") if url is not None else None

    @field_validator("database_url", "dagster_database_url")
    @classmethod
    def _is_postgres(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must start with postgresql://")
        return url

    @cached_property
    def max_duration_ms(self) -> int:
        """Longest recording accepted, milliseconds."""
        return self.max_duration_minutes * 60_000

    @property
    def max_upload_bytes(self) -> int:
        """Largest recording accepted, bytes."""
        return self.max_upload_mb * 1_000_000

    @property
    def artifact_ttl(self) -> timedelta:
        """How long a finished dub can be downloaded."""
        return timedelta(hours=self.artifact_ttl_hours)

    @property
    def keys_dir(self) -> Path:
        """Folder of the keys that this installation made for itself."""
        return self.data_dir / "keys"

    @property
    def store_dir(self) -> Path:
        """Folder of the folder store."""
        return self.data_dir / "store"

    @property
    def dagster_home(self) -> Path:
        """Folder that holds Dagster's instance file and its compute logs."""
        return self.data_dir / "dagster"


def reveal(secret: SecretStr | None) -> str | None:
    """Return the text of a secret that may not be set."""
    return secret.get_secret_value() if secret is not None else None


def load_settings(**chosen: Any) -> Settings:
    """Read the environment.

    Args:
        chosen: settings by name that count in place of the environment's.

    Raises:
        SettingsError: a value is wrong; the sentence names the variable and never shows the value.
    """
    try:
        settings = Settings(**chosen)
    except ValidationError as error:
        problems = "; ".join(f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"Settings are wrong. {problems}.") from None
    if settings.database_url is not None and settings.dagster_database_url is None:
        raise SettingsError(
            f"{PREFIX}DAGSTER_DATABASE_URL: set it too when {PREFIX}DATABASE_URL is set; "
            "Dagster needs a database of its own."
        )
    if settings.store == "supabase" and (settings.supabase_url is None or settings.supabase_secret_key is None):
        raise SettingsError(
            f"{PREFIX}SUPABASE_URL and {PREFIX}SUPABASE_SECRET_KEY: set both when {PREFIX}STORE is supabase."
        )
    _require_keys(settings)
    return settings


def _require_keys(settings: Settings) -> None:
    """Refuse engines of vendors without their keys."""
    if settings.recognition_engine == "cloud" and settings.deepgram_api_key is None:
        raise SettingsError(f"{PREFIX}DEEPGRAM_API_KEY: set it when {PREFIX}RECOGNITION_ENGINE is cloud.")
    if settings.translation_engine == "cloud" and settings.openai_api_key is None:
        raise SettingsError(f"{PREFIX}OPENAI_API_KEY: set it when {PREFIX}TRANSLATION_ENGINE is cloud.")
    if settings.synthesis_engine == "cloud" and not (settings.deepgram_api_key or settings.elevenlabs_api_key):
        raise SettingsError(
            f"{PREFIX}DEEPGRAM_API_KEY or {PREFIX}ELEVENLABS_API_KEY: set one or both when "
            f"{PREFIX}SYNTHESIS_ENGINE is cloud."
        )
