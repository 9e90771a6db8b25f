"""Sound that is waited with until there is enough of it to be worked on at once."""

import numpy as np

from resources.separation.port import Block


class Held:
    """Blocks that come, and batches that go, each with the sound around it; before and behind all there is silence.

    Args:
        margin_frames: what a batch has on either side.
    """

    def __init__(self, margin_frames: int) -> None:
        self._margin = margin_frames
        self._blocks: list[Block] = []
        self._frames = 0

    @property
    def frames(self) -> int:
        """How many may be taken; negative where not even their surroundings are there."""
        return self._frames - 2 * self._margin

    def add(self, block: Block) -> None:
        """Take in a block, shape (frames, channels)."""
        if not self._blocks:
            self._append(np.zeros((self._margin, block.shape[1]), np.float32))
        self._append(block)

    def pad(self, frames: int) -> None:
        """Fill with silence until so many may be taken; the last call, for the end of the sound."""
        missing = frames - self.frames
        if missing > 0:
            self.add(np.zeros((missing, self._blocks[0].shape[1] if self._blocks else 1), np.float32))

    def take(self, frames: int) -> Block:
        """Give the next frames with their margins, and let go what no later batch needs."""
        held = np.concatenate(self._blocks)
        self._blocks = [held[frames:]]
        self._frames -= frames
        return held[: frames + 2 * self._margin]

    def trim(self, batch: Block) -> Block:
        """Take the margins off what became of a batch."""
        return batch[self._margin : len(batch) - self._margin]

    def _append(self, block: Block) -> None:
        self._blocks.append(block)
        self._frames += len(block)
