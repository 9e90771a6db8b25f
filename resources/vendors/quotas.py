"""Asking vendors what is left of our accounts: seldom, briefly, and never in the way of work.

OpenAI does not tell. A vendor that does not answer keeps what it said before, with its time.
"""

import logging
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from dubbing.errors import DubbingError, VendorReplyError
from resources.database.connection import Database
from resources.database.vendor_quotas import Quota
from resources.settings import Settings
from resources.vendors import deepgram_client, elevenlabs_client
from resources.vendors.building import ELEVENLABS

if TYPE_CHECKING:
    from deepgram import DeepgramClient
    from elevenlabs.client import ElevenLabs

ASK_EVERY = timedelta(minutes=10)

TIMEOUT_S = 2.0
"""For connecting, and again for the answer: other sensors wait meanwhile. Deepgram takes two calls."""

MAX_UNITS = 10**15
"""Most of anything that an answer may name, a thousand million dollars; what is beyond is no quantity."""

CHARACTERS = "characters"
USD_MICROS = "usd_micros"
"""Units that quotas are in."""

DOLLARS = "usd"
MICROS = 1_000_000

_PROJECT_ID = re.compile(r"[0-9A-Za-z-]{1,64}")

Ask = Callable[[], Quota]
"""Asks one vendor; raises a `DubbingError` where it does not say."""

logger = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class QuotaDesk:
    """Asks those of the vendors that are due, one a time, and keeps what they say for every process.

    Args:
        ask: by vendor.
        clock: aware UTC.
    """

    def __init__(self, database: Database, ask: Mapping[str, Ask], *, clock: Callable[[], datetime] = _now) -> None:
        self._database = database
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._tried_at: dict[str, datetime] = {}

    @property
    def vendors(self) -> frozenset[str]:
        """Who can be asked."""
        return frozenset(self._ask)

    def ask_due(self) -> str | None:
        """Ask the vendor that was asked longest ago, if that is long enough; a refusal goes to the log.

        Returns:
            The vendor, None if nobody is due.

        Raises:
            DatabaseUnavailableError: Postgres cannot be reached.
        """
        if not self._ask:
            return None
        with self._lock, self._database.try_hold("vendor quotas") as may_ask:
            vendor = self._find_due() if may_ask else None
            if vendor is not None:
                self._tried_at[vendor] = self._clock()
                self._renew(vendor)
            return vendor

    def _find_due(self) -> str | None:
        with self._database.transaction() as tx:
            asked_at = {vendor: row.asked_at for vendor, row in tx.quotas.list_all().items()}
        never = datetime.min.replace(tzinfo=UTC)
        last = {each: max(asked_at.get(each, never), self._tried_at.get(each, never)) for each in self._ask}
        due = [vendor for vendor, at in last.items() if at == never or self._clock() - at >= ASK_EVERY]
        return min(due, key=lambda vendor: (last[vendor], vendor), default=None)

    def _renew(self, vendor: str) -> None:
        try:
            quota = self._ask[vendor]()
        except DubbingError as error:
            logger.warning("What is left at %s is not known now, what was known stays: %s", vendor, error.code)
            return
        with self._database.transaction() as tx:
            tx.quotas.record(vendor, quota)


def list_quota_questions(settings: Settings) -> Mapping[str, Ask]:
    """List how to ask the vendors that there are keys of; an SDK is loaded and its client built when it is asked."""
    questions: dict[str, Ask] = {}
    if (deepgram_key := settings.deepgram_api_key) is not None:
        questions[deepgram_client.DEEPGRAM] = lambda: ask_deepgram(
            deepgram_client.build_deepgram_client(deepgram_key.get_secret_value(), settings.deepgram_url)
        )
    if (elevenlabs_key := settings.elevenlabs_api_key) is not None:
        questions[ELEVENLABS] = lambda: ask_elevenlabs(
            elevenlabs_client.build_client(elevenlabs_key.get_secret_value(), settings.elevenlabs_url)
        )
    return questions


def ask_elevenlabs(client: "ElevenLabs") -> Quota:
    """Ask how many characters the plan still gives until it is renewed; what it sells beyond them does not count.

    Raises:
        VendorError: it does not say.
    """
    with elevenlabs_client.speaking_to_elevenlabs():
        answer = client.user.subscription.get(request_options=elevenlabs_client.build_options(TIMEOUT_S))
        # The package does not check what it was given.
        used, total = _read_count(answer.character_count), _read_count(answer.character_limit)
        resets = answer.next_character_count_reset_unix
        resets_at = None if resets is None else datetime.fromtimestamp(_read_count(resets), UTC)
    return Quota(CHARACTERS, max(0, total - used), total, resets_at)


def ask_deepgram(client: "DeepgramClient") -> Quota:
    """Ask what credit the project of our key still has, all its balances together.

    Raises:
        VendorError: it does not say.
    """
    options = deepgram_client.build_options(TIMEOUT_S)
    with deepgram_client.asking_deepgram():
        project_id = _name_project(client.manage.v1.projects.list(request_options=options))
        answer = client.manage.v1.projects.billing.balances.list(project_id, request_options=options)
        return Quota(USD_MICROS, _sum_dollars(answer))


def _name_project(answer: object) -> str:
    """Name the project that a key belongs to; a key sees no other. The package does not check what it was given."""
    projects = getattr(answer, "projects", None)
    first = projects[0] if isinstance(projects, list) and projects else None
    project_id = getattr(first, "project_id", None)
    # It becomes part of an address.
    if not isinstance(project_id, str) or _PROJECT_ID.fullmatch(project_id) is None:
        raise VendorReplyError("Deepgram does not name the project of our key.")
    return project_id


def _sum_dollars(answer: object) -> int:
    balances = getattr(answer, "balances", None)
    if not isinstance(balances, list):
        raise VendorReplyError("Deepgram does not say what credit is left.")
    amounts = [
        _read_amount(getattr(each, "amount", None))
        for each in balances
        if str(getattr(each, "units", "")).lower() == DOLLARS
    ]
    if not amounts:
        raise VendorReplyError("Deepgram does not say in dollars what credit is left.")
    return max(0, min(MAX_UNITS, int(sum(amounts) * MICROS)))


def _read_amount(amount: object) -> Decimal:
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not abs(amount) <= MAX_UNITS / MICROS:
        raise VendorReplyError("Deepgram names a credit that is none.")
    return Decimal(str(amount))


def _read_count(count: object) -> int:
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MAX_UNITS:
        raise VendorReplyError("ElevenLabs names a quota that is none.")
    return count
