"""Separation by Demucs, for those who install it: better where people sing, and far slower without a graphics card.

Demucs brings torch and fetches its weights itself when it is first used; they are its makers', and we do not verify
them. It was not run where this was written, only held to the documented interface of version 4.1.
"""

import importlib
import importlib.metadata
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

from dubbing.errors import ToolMissingError, WeightsError
from resources.local.packages import import_package
from resources.separation.held import Held
from resources.separation.port import Block

MODEL = "htdemucs"
VOCALS = "vocals"

BATCH_S = 30
MARGIN_S = 2
"""Heard on either side of a batch, s; what is made of it is not used."""

STEREO = 2
"""Channels that the model takes."""

INSTALL_LINE = "pip install 'demucs>=4.1'"
FETCH_LINE = "python -c 'import demucs.api; demucs.api.Separator()'"
"""What fetches the weights: to be run once, for the local engine keeps the packages it shares with Demucs offline."""


class DemucsSeparator:
    """Hybrid Transformer Demucs: the sound less its voices, spoken or sung."""

    @property
    def name(self) -> str:
        """Model and version."""
        try:
            return f"demucs-{MODEL}/demucs-{importlib.metadata.version('demucs')}"
        except importlib.metadata.PackageNotFoundError as error:
            raise _explain_missing() from error

    def separate(self, blocks: Iterable[Block], rate_hz: int) -> Iterator[Block]:
        """Give the background; see `resources.separation.port.Separator`."""
        model = _load_model(_import("demucs.api"))
        batch_frames, margin_frames = BATCH_S * rate_hz, MARGIN_S * rate_hz
        held = Held(margin_frames)
        for block in blocks:
            held.add(block)
            while held.frames >= batch_frames:
                yield held.trim(_separate(held.take(batch_frames), model, rate_hz))
        held.pad(held.frames + margin_frames)
        while held.frames > 0:
            yield held.trim(_separate(held.take(min(held.frames, batch_frames)), model, rate_hz))


def _separate(sound: Block, model: Any, rate_hz: int) -> Block:
    """Subtract the voices, which the model gives at its own rate."""
    torch = _import("torch")
    heard = np.ascontiguousarray(np.broadcast_to(sound.T, (STEREO, len(sound))), dtype=np.float32)
    _, stems = model.separate_tensor(torch.from_numpy(heard), rate_hz)
    voices = stems[VOCALS].cpu().numpy().T
    if model.samplerate != rate_hz:
        voices = import_package("soxr").resample(voices, model.samplerate, rate_hz)
    voices = np.pad(voices[: len(sound)], ((0, max(0, len(sound) - len(voices))), (0, 0)))
    if sound.shape[1] < STEREO:
        voices = voices.mean(axis=1, keepdims=True)
    background: Block = (sound - voices).astype(np.float32)
    return background


def _load_model(api: ModuleType) -> Any:
    try:
        return api.Separator(model=MODEL, progress=False)
    except (api.LoadModelError, OSError) as error:
        raise WeightsError(f"Demucs cannot load its model; fetch it once with: {FETCH_LINE}") from error


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise _explain_missing() from error


def _explain_missing() -> ToolMissingError:
    return ToolMissingError(f"The separator demucs needs the package demucs; run: {INSTALL_LINE}")
