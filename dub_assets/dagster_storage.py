"""Dagster's storage in Postgres, with connections that are kept.

Dagster's own opens a new connection for each statement, and two languages of a short job make more than five hundred.
This one differs in a single private attribute of its three parts: the engine. It is pinned with the release of Dagster;
a test counts what is opened.
"""

from collections.abc import Mapping
from typing import Any, Self

from dagster._serdes import ConfigurableClassData
from dagster_postgres.storage import DagsterPostgresStorage
from sqlalchemy import Engine, create_engine

from resources.database.connection import DEAD_NETWORK_MS

KEPT_CONNECTIONS = 2
"""So many stay open in a process; more are opened when its threads need them at once, and closed again."""


class PooledPostgresStorage(DagsterPostgresStorage):
    """What `dagster.yaml` names; one pool for runs, events and schedules.

    Dagster's web server replaces the engines once more by its own, with a limit of time for each statement.
    """

    def __init__(self, postgres_url: str, **options: Any) -> None:
        super().__init__(postgres_url, **options)
        # A connection is tried before it is used: Postgres may have been started again since. What a firewall has
        # forgotten answers nothing, and the system's own patience with that is a quarter of an hour.
        engine = create_engine(
            postgres_url,
            isolation_level="AUTOCOMMIT",
            pool_size=KEPT_CONNECTIONS,
            max_overflow=-1,
            pool_pre_ping=True,
            connect_args={"tcp_user_timeout": DEAD_NETWORK_MS},
        )
        for part in (self._run_storage, self._event_log_storage, self._schedule_storage):
            _replace_engine(part, engine)
        self._run_storage.dispose = engine.dispose  # type: ignore[method-assign] # when the instance is disposed of

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Build it from its part of `dagster.yaml`, as Dagster does."""
        return cls(
            str(config_value["postgres_url"]),
            should_autocreate_tables=config_value.get("should_autocreate_tables", True),
            inst_data=inst_data,
        )


def _replace_engine(part: Any, engine: Engine) -> None:
    if not isinstance(part._engine, Engine):
        raise TypeError("Dagster keeps its engine elsewhere now")
    part._engine = engine
