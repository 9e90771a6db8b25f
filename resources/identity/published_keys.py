"""Keys that an issuer publishes at an address, kept in memory as long as they may be trusted."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import jwt

from dubbing.errors import AuthUnavailableError
from resources.identity.jwks_document import fetch_keys

logger = logging.getLogger(__name__)

LIFESPAN_S = 600.0
"""How long a set is used without asking again. Source: the `max-age` that Supabase Auth sends with it."""

OUTAGE_S = 3600.0
"""How much longer the last good set is used when it cannot be refreshed. A key withdrawn meanwhile still counts."""

COOLDOWN_S = 30.0
"""Shortest time between two requests for ids that we do not know, so that made-up ids cost the issuer nothing."""

RETRY_S = 5.0
"""Shortest time between two requests when the last one failed."""

WAIT_S = 4.0
"""Longest wait for a request that another thread has under way; a little more than it takes to give up."""


@dataclass(frozen=True)
class _KeySet:
    """Keys by id, and when they were asked for."""

    keys: Mapping[str, jwt.PyJWK] = field(default_factory=dict)
    fetched_at_s: float = float("-inf")


class PublishedKeys:
    """The keys at a JWKS address.

    Only one thread asks the issuer at a time, and once there is a set the others do not wait for it: a slow issuer
    slows one request.

    Args:
        url: address of the JWKS document.
        clock: seconds that never go backwards.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._asking = threading.Lock()
        self._known = _KeySet()
        self._asked_at_s = float("-inf")
        self._last_failed = False

    def find_key(self, kid: str) -> jwt.PyJWK | None:
        """The key of that id, asked for again when it is unknown or the set is old.

        Raises:
            AuthUnavailableError: the issuer does not answer properly, and the set that we have does not help.
        """
        has_asked = not self._should_ask(kid) or self._ask(kid)
        known = self._known
        if self._is_usable(known) and (kid in known.keys or (has_asked and not self._last_failed)):
            return known.keys.get(kid)
        raise AuthUnavailableError("Sign-ins cannot be checked at the moment; try again in a minute.")

    def _is_usable(self, known: _KeySet) -> bool:
        return self._clock() - known.fetched_at_s <= LIFESPAN_S + OUTAGE_S

    def _should_ask(self, kid: str) -> bool:
        now_s, known = self._clock(), self._known
        if now_s - self._asked_at_s < (RETRY_S if self._last_failed else COOLDOWN_S):
            return False
        return kid not in known.keys or now_s - known.fetched_at_s > LIFESPAN_S

    def _ask(self, kid: str) -> bool:
        """Fetch the set, unless another thread just did; a failure is remembered and the set stays as it was.

        Returns:
            False if another thread is at it: made-up ids must not keep all threads waiting for a slow issuer.
        """
        if not self._asking.acquire(timeout=0 if self._is_usable(self._known) else WAIT_S):
            return False
        try:
            if not self._should_ask(kid):
                return True
            now_s = self._clock()
            try:
                self._known = _KeySet(fetch_keys(self._url), now_s)
                self._last_failed = False
            except AuthUnavailableError:
                logger.warning("The issuer's keys cannot be fetched; the last good ones are used while they may be.")
                self._last_failed = True
            self._asked_at_s = self._clock()
            return True
        finally:
            self._asking.release()
