"""What vendors are asked to keep of what they are sent: true for what the clients beside this send with every call."""

from collections.abc import Mapping
from dataclasses import dataclass

from resources.settings import Settings


@dataclass(frozen=True, slots=True)
class RetentionWish:
    """How a vendor is asked not to keep what it was sent; ``how`` is None where it is not asked."""

    vendor: str
    how: str | None


def list_retention_wishes(settings: Settings) -> Mapping[str, RetentionWish]:
    """List what each vendor is asked, by its name in the ledger; what it does then is by its own terms."""
    zero_retention = "enable_logging=false" if settings.elevenlabs_zero_retention else None
    wishes = (
        RetentionWish("deepgram", "mip_opt_out=true"),
        RetentionWish("openai", "store=false"),
        RetentionWish("elevenlabs", zero_retention),
    )
    return {wish.vendor: wish for wish in wishes}
