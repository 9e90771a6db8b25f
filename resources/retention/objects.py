"""Removing objects, with an account of what went and what the store refused; by hashes of the keys only."""

import hashlib
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from resources.database.holdings import PAGE
from resources.storage.port import ObjectStore


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of objects that were to be removed.

    Attributes:
        removed: their keys, those that were gone already too.
        refused: why the store kept one, in its own word, by key.
    """

    removed: frozenset[str] = frozenset()
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def reasons(self) -> Counter[str]:
        """How often the store refused for each reason."""
        return Counter(self.refused.values())


def remove_objects(store: ObjectStore, keys: Collection[str]) -> Removal:
    """Remove objects, so many at a time.

    Raises:
        StorageError: the store as a whole does not answer.
    """
    wanted, refused = sorted(set(keys)), dict[str, str]()
    for start in range(0, len(wanted), PAGE):
        refused |= store.delete_many(wanted[start : start + PAGE])
    return Removal(frozenset(wanted) - refused.keys(), refused)


def digest_key(key: str) -> str:
    """Name an object in a receipt without giving its key away."""
    return hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()
