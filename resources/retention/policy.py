"""The policy of this installation."""

from datetime import timedelta

from dubbing.retention import Policy
from resources.settings import Settings


def build_policy(settings: Settings) -> Policy:
    """Read how long each kind of thing is kept."""
    caches = timedelta(hours=settings.keep_caches_hours)
    return Policy(
        job=timedelta(hours=settings.keep_texts_hours),
        upload=timedelta(hours=settings.keep_uploads_hours),
        take=caches,
        transcript=caches,
        translation=caches,
        orphan=timedelta(hours=settings.keep_orphans_hours),
    )
