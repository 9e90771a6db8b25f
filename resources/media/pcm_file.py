"""Sound on disk that may be read and changed anywhere: WAV of 32-bit floats, of any length.

Floats hold what a decoder gives without rounding it, and beyond full scale too, which decoded MP3 and AAC often go.
"""

from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from dubbing.errors import MediaError

PCM_OPTIONS = ("-c:a", "pcm_f32le", "-rf64", "auto", "-f", "wav")
"""ffmpeg's options for such a file; from 4 GiB on it is an RF64. An hour of 48 kHz stereo is 1.4 GB."""

_SAMPLE_BYTES = 4
_RIFF_HEAD_BYTES = 12
_CHUNK = Struct("<4sI")
_RF64_SIZES = Struct("<QQQ")


class PcmFile:
    """A file that ffmpeg wrote with `PCM_OPTIONS`, opened to be read and changed.

    Args:
        path: of our own making, never an upload.

    Raises:
        MediaError: it is not such a file.
    """

    def __init__(self, path: Path, channels: int) -> None:
        self._channels = channels
        self._frame_bytes = channels * _SAMPLE_BYTES
        self._file = path.open("r+b")
        try:
            self._offset, size_bytes = _find_samples(self._file)
        except BaseException:
            self._file.close()
            raise
        self.frames = size_bytes // self._frame_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def read(self, start_frame: int, frames: int) -> NDArray[np.float32]:
        """Read samples, shape (frames, channels); fewer at the end of the file."""
        self._file.seek(self._offset + start_frame * self._frame_bytes)
        data = self._file.read(min(frames, self.frames - start_frame) * self._frame_bytes)
        return np.frombuffer(data, dtype="<f4").reshape(-1, self._channels)

    def write(self, start_frame: int, block: NDArray[np.float32]) -> None:
        """Put samples, shape (frames, channels), in the place of those there."""
        self._file.seek(self._offset + start_frame * self._frame_bytes)
        self._file.write(block.astype("<f4").tobytes())


def _find_samples(file: BinaryIO) -> tuple[int, int]:
    """Find where the samples lie and how many bytes they are."""
    file.seek(_RIFF_HEAD_BYTES)
    long_size = 0
    while len(head := file.read(_CHUNK.size)) == _CHUNK.size:
        name, size = _CHUNK.unpack(head)
        if name == b"data":
            return file.tell(), long_size or size
        body_at = file.tell()
        if name == b"ds64":
            _, long_size, _ = _RF64_SIZES.unpack(file.read(_RF64_SIZES.size))
        file.seek(body_at + size + size % 2)
    raise MediaError("A file of samples that was just written cannot be read; try again.")
