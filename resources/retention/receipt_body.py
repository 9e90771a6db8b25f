"""What a receipt says: how much was erased and where, in figures and hashes, and what vendors were asked."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from dubbing.engines import LOCAL
from resources.database.job_words import VendorUse
from resources.retention.objects import digest_key
from resources.vendors.retention_wishes import RetentionWish

REMOVED = "removed"
KEPT_FOR_ANOTHER = "kept for another job"
OWN_LIMIT = "left to their own limit"


def describe_erasure(
    *,
    keys: Collection[str],
    rows: Mapping[str, int],
    upload: str,
    caches: Mapping[str, int] | None,
    vendors: Sequence[VendorUse],
    wishes: Mapping[str, RetentionWish],
) -> dict[str, Any]:
    """Write the body of a job's receipt.

    Args:
        keys: of all objects that went, now or before.
        rows: how many went, by table.
        caches: rows that went of those that jobs share, by table, and how many others need; None where none was
            looked at.
    """
    return {
        **describe_objects(keys),
        "rows": dict(rows),
        "upload": upload,
        "caches": dict(caches) if caches is not None else OWN_LIMIT,
        "vendors": [describe_vendor(use, wishes.get(use.vendor)) for use in vendors if use.vendor != LOCAL],
        "dagster": "forgotten by the hourly sweep",
    }


def describe_objects(keys: Collection[str]) -> dict[str, Any]:
    """Name objects by the hashes of their keys."""
    digests = sorted({digest_key(key) for key in keys})
    return {"objects": {"removed": len(digests), "keys_sha256": digests, "refused": 0}}


def describe_vendor(use: VendorUse, wish: RetentionWish | None) -> dict[str, Any]:
    """Tell what a vendor was sent, and asked not to keep."""
    how = wish.how if wish is not None else None
    return {
        "vendor": use.vendor,
        "operations": list(use.operations),
        "calls": use.calls,
        "asked_not_to_retain": how is not None,
        "how": how,
    }
