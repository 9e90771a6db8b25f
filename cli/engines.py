"""Which engines the settings choose, and what those of vendors need."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from resources.settings import PREFIX, Settings

Vendor = Literal["deepgram", "openai", "elevenlabs"]

ENGINE_SETTINGS = ("recognition_engine", "translation_engine", "synthesis_engine")


@dataclass(frozen=True, slots=True)
class VendorNeeds:
    """What calls to one vendor need.

    Attributes:
        name: as people write it.
        package: of the extra ``cloud``.
        uses: the settings that choose it, by operation.
    """

    vendor: Vendor
    name: str
    package: str
    uses: Mapping[str, str]

    def is_chosen(self, settings: Settings, operation: str) -> bool:
        """Tell whether the settings let this vendor do it; readings go to whoever of two there is a key of."""
        if getattr(settings, self.uses[operation]) != "cloud":
            return False
        return operation != "synthesize" or self.has_key(settings)

    def is_wanted(self, settings: Settings) -> bool:
        """Tell whether the settings let this vendor do anything."""
        return any(self.is_chosen(settings, operation) for operation in self.uses)

    def has_key(self, settings: Settings) -> bool:
        """Tell whether there is a key."""
        return getattr(settings, f"{self.vendor}_api_key") is not None

    def get_url(self, settings: Settings) -> str:
        """Return its address."""
        url: str = getattr(settings, f"{self.vendor}_url")
        return url

    @property
    def key_variable(self) -> str:
        """Name of the variable that holds the key."""
        return f"{PREFIX}{self.vendor.upper()}_API_KEY"

    @property
    def url_variable(self) -> str:
        """Name of the variable that holds the address."""
        return f"{PREFIX}{self.vendor.upper()}_URL"


VENDORS = (
    VendorNeeds(
        "deepgram", "Deepgram", "deepgram", {"recognize": "recognition_engine", "synthesize": "synthesis_engine"}
    ),
    VendorNeeds("openai", "OpenAI", "openai", {"translate": "translation_engine"}),
    VendorNeeds("elevenlabs", "ElevenLabs", "elevenlabs", {"synthesize": "synthesis_engine"}),
)


def uses_vendors(settings: Settings) -> bool:
    """Tell whether any engine is a vendor's."""
    return any(getattr(settings, name) == "cloud" for name in ENGINE_SETTINGS)
