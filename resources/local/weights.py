"""The store of model weights: finds them in installed packages, joins their parts, and vouches for every byte.

The packages come from small authors, so nothing is loaded before its sha256 agrees with the catalogue. Hashing all of
it takes about a fifth of a second, so it is done at every load and no record of an earlier check is trusted.
"""

import errno
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dubbing.errors import DiskFullError, WeightsError
from resources.hashing import measure_sha256
from resources.local.catalogue import (
    CATALOGUE,
    KOKORO,
    KOKORO_MODEL_FILE,
    MODEL_FILE,
    VOCABULARY_FILE,
    VOICES,
    WHISPER,
    WeightsFile,
)
from resources.local.packages import INSTALL_LINE, find_package_dir
from resources.workspaces import open_workspace

State = Literal["ok", "missing", "altered"]

_SHOWN_DIGITS = 12


@dataclass(frozen=True, slots=True)
class TranslationFiles:
    """What one direction of the neural translator is made of; every byte verified."""

    model: bytes
    vocabulary: bytes


@dataclass(frozen=True, slots=True)
class WeightsCheck:
    """What became of one file: ``source`` is the package or folder that should hold it."""

    file: str
    source: str
    state: State


@dataclass(frozen=True, slots=True)
class _Piece:
    """A file on this disk and what it must be; ``path`` is None where its package is not installed."""

    path: Path | None
    source: str
    size_bytes: int
    sha256: str

    def assess(self) -> State:
        if self.path is None or not self.path.is_file():
            return "missing"
        if self.path.stat().st_size != self.size_bytes:
            return "altered"
        return "ok" if measure_sha256(self.path) == self.sha256 else "altered"

    def read(self) -> bytes:
        """Read the piece; the bytes given back are the bytes that were hashed."""
        if self.path is None:
            raise WeightsError(f"The package {self.source} is not installed; run: {INSTALL_LINE}")
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise WeightsError(f"{self.path.name} of {self.source} cannot be read; run: {INSTALL_LINE}") from error
        actual = hashlib.sha256(content).hexdigest()
        if actual != self.sha256:
            raise WeightsError(
                f"{self.path.name} of {self.source} is not the file we know (sha256 {actual[:_SHOWN_DIGITS]}…, "
                f"expected {self.sha256[:_SHOWN_DIGITS]}…), so it was not loaded; reinstall {self.source}."
            )
        return content


class WeightsStore:
    """Model weights by name.

    Args:
        cache_dir: where files that arrive in parts are joined; may be deleted at any time.
        override_dir: a folder that is asked before the packages. It holds a folder per group (``whisper-base``,
            ``kokoro-82m``, ``en-pt`` …) with whole files under their catalogue names; the digests must be the same.
        catalogue: the files there are.
        find_package: where an installed package lies, None if it is not installed.
    """

    def __init__(
        self,
        cache_dir: Path,
        override_dir: Path | None = None,
        *,
        catalogue: tuple[WeightsFile, ...] = CATALOGUE,
        find_package: Callable[[str], Path | None] = find_package_dir,
    ) -> None:
        self._cache_dir = cache_dir
        self._override_dir = override_dir
        self._catalogue = catalogue
        self._find_package = find_package

    def get_whisper_dir(self) -> Path:
        """Return a folder with the recogniser's files, each verified just now."""
        return self._get_folder(WHISPER)

    def get_kokoro_model(self) -> Path:
        """Return the synthesiser's model, verified just now."""
        return self._get_folder(KOKORO) / KOKORO_MODEL_FILE

    def get_translation_files(self, pair: str) -> TranslationFiles:
        """Read one direction of the neural translator, such as ``en-pt``."""
        return TranslationFiles(self._read(pair, MODEL_FILE), self._read(pair, VOCABULARY_FILE))

    def get_voice_style(self, voice: str) -> bytes:
        """Read a Kokoro voice: little-endian float32, one row of 256 per number of phonemes."""
        return self._read(VOICES, f"{voice}.bin")

    def has_weights(self, group: str) -> bool:
        """Tell whether every file of a group is there; what is in them is not looked at."""
        pieces = [piece for file in self._catalogue if file.group == group for piece in self._locate(file)]
        return all(piece.path is not None and piece.path.is_file() for piece in pieces)

    def verify_weights(self) -> list[WeightsCheck]:
        """Look at every file of the catalogue without loading or copying any."""
        return [
            WeightsCheck(f"{file.group}/{file.name}", piece.source, piece.assess())
            for file in self._catalogue
            for piece in self._locate(file)
        ]

    def _locate(self, file: WeightsFile) -> list[_Piece]:
        """Tell where a file lies: whole in the override folder, or in parts in packages."""
        if self._override_dir is not None and (folder := self._override_dir / file.group).is_dir():
            return [_Piece(folder / file.name, str(folder), file.size_bytes, file.sha256)]
        pieces = []
        for part in file.parts:
            package_dir = self._find_package(part.package)
            path = package_dir / part.path if package_dir is not None else None
            pieces.append(_Piece(path, part.package, part.size_bytes, part.sha256))
        return pieces

    def _read(self, group: str, name: str) -> bytes:
        (file,) = (file for file in self._catalogue if (file.group, file.name) == (group, name))
        return b"".join(piece.read() for piece in self._locate(file))

    def _get_folder(self, group: str) -> Path:
        """Return a folder with a group's files under their own names, writing those that are not there yet."""
        files = [file for file in self._catalogue if file.group == group]
        folder = self._cache_dir / f"{group}-{files[0].sha256[:_SHOWN_DIGITS]}"
        for file in files:
            copy = _Piece(folder / file.name, str(folder), file.size_bytes, file.sha256)
            if copy.assess() != "ok":
                _write_whole(folder / file.name, (piece.read() for piece in self._locate(file)))
        return folder


def _write_whole(target: Path, blocks: Iterable[bytes]) -> None:
    """Write a file under its name in one step, so that no other process ever sees half of it.

    Raises:
        DiskFullError: no space left.
        WeightsError: the folder cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open_workspace("weights", beside=target.parent) as workspace:
            whole = workspace / target.name
            with whole.open("wb") as out:
                out.writelines(blocks)
            whole.replace(target)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFullError(
                "No space left for the local engine's model weights; free some and try again."
            ) from error
        raise WeightsError(f"Cannot write the folder of model weights {target.parent}: {error.strerror}.") from error
