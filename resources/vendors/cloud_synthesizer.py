"""One synthesiser out of several vendors': who is asked for a language, and who steps in."""

import logging
from collections.abc import Collection, Sequence
from typing import Protocol

from dubbing.engines import Answer, Speech, Voice
from dubbing.errors import SettingsError, SynthesisError, VendorError
from dubbing.languages import get_base

logger = logging.getLogger(__name__)


class VendorSynthesizer(Protocol):
    """One vendor's voices; a `dubbing.engines.Synthesizer` that has nobody to step in."""

    @property
    def vendor(self) -> str:
        """Whose limits and prices apply."""
        ...

    @property
    def name(self) -> str:
        """Models and settings: whatever determines the result."""
        ...

    @property
    def max_parallel(self) -> int:
        """Most readings for one job that are worth making at once."""
        ...

    def list_voices(self) -> tuple[Voice, ...]:
        """See `dubbing.engines.Synthesizer`."""
        ...

    def identify(self, voice: Voice) -> str:
        """See `dubbing.engines.Synthesizer`."""
        ...

    def get_max_characters(self, voice: Voice) -> int:
        """See `dubbing.engines.Synthesizer`."""
        ...

    def synthesize(
        self, text: str, *, voice: Voice, speed: float = 1.0, before: str = "", after: str = ""
    ) -> Answer[Speech]:
        """See `dubbing.engines.Synthesizer`."""
        ...


class CloudSynthesizer:
    """The vendors configured, behind the one port.

    Args:
        vendors: the one that is asked wherever it has the language first, then those that step in; at least one.
        premium_languages: canonical tags that are asked for in the opposite order; ``pt`` means every Portuguese.
    """

    def __init__(self, vendors: Sequence[VendorSynthesizer], *, premium_languages: Collection[str] = ()) -> None:
        if not vendors:
            raise ValueError("a synthesiser needs at least one vendor")
        self._vendors = {vendor.vendor: vendor for vendor in vendors}
        self._premium_languages = frozenset(premium_languages)
        self._missed: set[str] = set()

    @property
    def name(self) -> str:
        """The names of the vendors' parts in order, and the languages for which the order is another."""
        parts = "+".join(vendor.name for vendor in self._vendors.values())
        return f"{parts}/premium={','.join(sorted(self._premium_languages))}" if len(self._vendors) > 1 else parts

    @property
    def max_parallel(self) -> int:
        """As many readings as the vendor takes that takes most; each vendor's own limit is kept where it is called."""
        return max(vendor.max_parallel for vendor in self._vendors.values())

    def list_voices(self) -> tuple[Voice, ...]:
        """List every voice; of each language, the voices of the vendor that is asked first come first.

        A vendor whose list cannot be had is left out: the languages of the others go on.

        Raises:
            VendorError, SettingsError: no vendor's list can be had.
        """
        lists, error = self._collect()
        voices = [voice for offered in lists.values() for voice in offered]
        if error is not None and not voices:
            raise error
        ranks = {language: self._order(language) for language in dict.fromkeys(voice.language for voice in voices)}
        return tuple(sorted(voices, key=lambda voice: ranks[voice.language].index(voice.vendor)))

    def list_vendors(self, language: str) -> tuple[str, ...]:
        """Name the vendors that have a voice for a language, in the order in which they are asked.

        Raises:
            VendorError, SettingsError: there is none, and one that may have a voice cannot list them.
        """
        lists, error = self._collect()
        base = get_base(language)
        speaking = {name for name, voices in lists.items() if any(get_base(voice.language) == base for voice in voices)}
        if error is not None and not speaking:
            raise error
        return tuple(name for name in self._order(language) if name in speaking)

    def identify(self, voice: Voice) -> str:
        """Name what determines the sound of a text; see `dubbing.engines.Synthesizer`."""
        return self._get_vendor(voice).identify(voice)

    def get_max_characters(self, voice: Voice) -> int:
        """Return the longest text of one reading."""
        return self._get_vendor(voice).get_max_characters(voice)

    def synthesize(
        self, text: str, *, voice: Voice, speed: float = 1.0, before: str = "", after: str = ""
    ) -> Answer[Speech]:
        """Have the voice's own vendor read one text aloud; see `dubbing.engines.Synthesizer`."""
        return self._get_vendor(voice).synthesize(text, voice=voice, speed=speed, before=before, after=after)

    def _collect(self) -> tuple[dict[str, tuple[Voice, ...]], VendorError | SettingsError | None]:
        """List the voices of every vendor that can list them, and say what the first that cannot died of."""
        lists: dict[str, tuple[Voice, ...]] = {}
        first_error: VendorError | SettingsError | None = None
        for name, vendor in self._vendors.items():
            try:
                lists[name] = vendor.list_voices()
                self._missed.discard(name)
            except (VendorError, SettingsError) as error:
                first_error = first_error or error
                if name not in self._missed:  # asked for often, and told once
                    logger.warning("The voices of %s are left out until they can be listed: %s", name, error.code)
                self._missed.add(name)
        return lists, first_error

    def _order(self, language: str) -> tuple[str, ...]:
        names = tuple(self._vendors)
        return names[::-1] if {language, get_base(language)} & self._premium_languages else names

    def _get_vendor(self, voice: Voice) -> VendorSynthesizer:
        vendor = self._vendors.get(voice.vendor)
        if vendor is None:
            raise SynthesisError(f"No vendor that is configured has a voice called {voice.name}; choose another voice.")
        return vendor
