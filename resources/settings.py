"""Every setting of the product, and the only reader of the environment.

Variables start with ``DUBLINE_``; a ``.env`` file in the working directory is read too. A wrong value stops the
program at start with a sentence that names the variable.
"""

from functools import cached_property
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path, user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dubbing.errors import SettingsError

PREFIX = "DUBLINE_"


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
    weights_dir: Path | None = Field(
        default=None, description="Folder with model weights to use instead of those in the installed packages."
    )
    ffmpeg_path: Path | None = Field(default=None, description="An ffmpeg to use instead of the one that is found.")
    max_duration_minutes: int = Field(default=240, ge=1, le=1440, description="Longest recording accepted, minutes.")
    language_workers: int = Field(default=2, ge=1, le=64, description="Languages of one job worked on at once.")
    engine_threads: int = Field(default=2, ge=1, le=64, description="Processor threads the local engine may use.")
    loudness: Literal["podcast", "ebu_r128", "atsc_a85"] = Field(
        default="podcast", description="Loudness target of the dubs: podcast -16 LUFS, ebu_r128 -23, atsc_a85 -24."
    )

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
    def store_dir(self) -> Path:
        """Folder of the folder store."""
        return self.data_dir / "store"

    @property
    def dagster_home(self) -> Path:
        """Folder that holds Dagster's instance file and its compute logs."""
        return self.data_dir / "dagster"


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        SettingsError: a value is wrong; the sentence names the variable and never shows the value.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        problems = "; ".join(f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"Settings are wrong. {problems}.") from None
    if settings.database_url is not None and settings.dagster_database_url is None:
        raise SettingsError(
            f"{PREFIX}DAGSTER_DATABASE_URL: set it too when {PREFIX}DATABASE_URL is set; "
            "Dagster needs a database of its own."
        )
    return settings
