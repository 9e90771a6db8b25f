"""The optional packages of the local engine: importing them late and naming the line that installs them."""

import importlib
import importlib.metadata
import importlib.util
import os
from pathlib import Path
from types import ModuleType

from dubbing.errors import ToolMissingError

INSTALL_LINE = "pip install --editable '.[local]'"
"""What a person types when any package of the local engine is missing."""


NO_TELEMETRY = {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_OFFLINE": "1"}
"""Environment that keeps the packages silent: onnxruntime 1.32 otherwise reports to its maker at import, and writes a
session file into the temporary folder. The engine promises to work without a network, and customers that it does."""


def import_package(name: str) -> ModuleType:
    """Import a package of the local engine, with its telemetry off.


    Raises:
        ToolMissingError: it is not installed, or cannot be loaded on this machine.
    """
    os.environ.update(NO_TELEMETRY)
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ToolMissingError(f"The local engine needs the package {name}; run: {INSTALL_LINE}") from error


def find_package_dir(name: str) -> Path | None:
    """Find where a package's files lie, without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


def describe_versions(*distributions: str) -> str:
    """Name distributions with their installed versions, for an engine's name.

    Raises:
        ToolMissingError: one is not installed.
    """
    try:
        return "+".join(f"{name}-{importlib.metadata.version(name)}" for name in distributions)
    except importlib.metadata.PackageNotFoundError as error:
        raise ToolMissingError(f"The local engine needs the package {error.name}; run: {INSTALL_LINE}") from error
