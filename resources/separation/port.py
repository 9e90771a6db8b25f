"""What a separator must offer."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.float32]
"""Audio, shape (frames, channels), float32, full scale 1.0."""


class Separator(Protocol):
    """Music and noise without the speech in them."""

    @property
    def name(self) -> str:
        """Model and settings: whatever determines the result."""
        ...

    def separate(self, blocks: Iterable[Block], rate_hz: int) -> Iterator[Block]:
        """Give the background of a sound that comes block by block; little of it is held.

        Blocks are taken as they are needed, none before the first is asked for.

        Args:
            blocks: of any length, finite, all with the same channels.

        Yields:
            Blocks of any length, together exactly as long as what came, each sample at its own time.

        Raises:
            ToolMissingError: a package is not installed.
            WeightsError: the model is missing or not the one we know.
        """
        ...
