"""What an operator may ask of a run that is started by hand: some languages only."""

from collections.abc import Collection, Mapping, Sequence

import dagster as dg
from pydantic import Field

RERUN = "rerun"
"""Name of the resource that carries it: one place in a run's configuration, whichever assets are chosen."""


class Rerun(dg.ConfigurableResource):
    """Which languages to work on."""

    languages: list[str] = Field(
        default=[],
        description=(
            "Languages to work on, as the job names them (es, pt-BR); those that failed are begun anew. Empty: what "
            "failed, or all that was delivered where nothing has."
        ),
    )


def list_wanted(run_config: Mapping[str, object]) -> list[str]:
    """List the languages that a run was started for; empty is all.

    Read from the run itself, so that no stage has to hand it on.

    >>> list_wanted({"resources": {"rerun": {"config": {"languages": ["es"]}}}})
    ['es']
    >>> list_wanted({})
    []
    """
    found: object = run_config
    for name in ("resources", RERUN, "config", "languages"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return [str(language) for language in found] if isinstance(found, list) else []


def narrow(languages: Sequence[str], wanted: Collection[str]) -> list[str]:
    """Keep the wanted ones; all where none is named.

    >>> narrow(["es", "fr"], ["fr"])
    ['fr']
    """
    return [language for language in languages if not wanted or language in wanted]
