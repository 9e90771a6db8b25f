"""What clients read about the quality of a finished dub."""

from collections.abc import Mapping
from typing import Any

from dubbing.quality import Quality


class QualityReply(Quality):
    """What was measured of the finished dub; null is what could not be, or was not asked for."""


def build_quality_reply(quality: Mapping[str, Any] | None) -> QualityReply | None:
    """Describe what was kept of a dub; None before it is finished."""
    return QualityReply.model_validate(quality) if quality is not None else None
