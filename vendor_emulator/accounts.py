"""What is left of the customer's accounts: Deepgram's balance in dollars, ElevenLabs' characters of the month.

Every billed request takes its part. A used-up account refuses nothing by itself; a fault says so where a test wants it.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from vendor_emulator.invoice import InvoiceLine

_BALANCE_USD_MICROS = 200_000_000
_CHARACTER_LIMIT = 1_000_000
_DAYS_TO_RESET = 20


def _guess_reset() -> int:
    return int((datetime.now(UTC) + timedelta(days=_DAYS_TO_RESET)).timestamp())


@dataclass
class Accounts:
    """The accounts.

    Attributes:
        balance_usd_micros: what Deepgram still owes.
        character_count: what ElevenLabs has read of this month's ``character_limit``.
        reset_unix: when the count begins anew, seconds.
    """

    balance_usd_micros: int = _BALANCE_USD_MICROS
    character_count: int = 0
    character_limit: int = _CHARACTER_LIMIT
    reset_unix: int = field(default_factory=_guess_reset)

    def set(self, vendor: str, **amounts: Any) -> None:
        """Set what is given of a vendor's account, and leave the rest.

        Raises:
            ValueError: it has no such account, or no such amount.
        """
        names = {
            "deepgram": {"balance_usd_micros": "balance_usd_micros"},
            "elevenlabs": {
                "character_count": "character_count",
                "character_limit": "character_limit",
                "next_character_count_reset_unix": "reset_unix",
            },
        }.get(vendor, {})
        for name, amount in amounts.items():
            if name not in names or isinstance(amount, bool) or not isinstance(amount, int):
                raise ValueError(f"the account at {vendor!r} has no such amount: {name!r}, a whole number")
        for name, amount in amounts.items():
            setattr(self, names[name], amount)

    def charge(self, line: InvoiceLine) -> None:
        """Take a billed request off its account."""
        if line.vendor == "deepgram":
            self.balance_usd_micros -= line.usd_micros
        elif line.vendor == "elevenlabs":
            self.character_count += line.usage.get("characters", 0)

    def reset(self) -> None:
        """Begin anew."""
        vars(self).update(vars(Accounts()))

    def describe_balance(self, balance_id: str) -> dict[str, Any]:
        """Give the balance as Deepgram does."""
        return {
            "balance_id": balance_id,
            "amount": self.balance_usd_micros / 1_000_000,
            "units": "usd",
            "purchase_order_id": "vendor-emulator",
        }

    def describe_subscription(self) -> dict[str, Any]:
        """Give the subscription as ElevenLabs does; of what is not counted here, what a plain account has."""
        return {
            "tier": "creator",
            "character_count": self.character_count,
            "character_limit": self.character_limit,
            "max_character_limit_extension": None,
            "max_credit_limit_extension": 0,
            "can_extend_character_limit": False,
            "allowed_to_extend_character_limit": False,
            "next_character_count_reset_unix": self.reset_unix,
            "voice_slots_used": 0,
            "professional_voice_slots_used": 0,
            "professional_voice_slots_used_in_workspace": 0,
            "voice_limit": 30,
            "max_voice_add_edits": 95,
            "voice_add_edit_counter": 0,
            "professional_voice_limit": 1,
            "can_extend_voice_limit": False,
            "can_use_instant_voice_cloning": True,
            "can_use_professional_voice_cloning": True,
            "currency": "usd",
            "current_overage": {"amount": "0", "currency": "usd"},
            "status": "active",
            "billing_period": "monthly_period",
            "character_refresh_period": "monthly_period",
            "next_invoice": None,
            "open_invoices": [],
            "has_open_invoices": False,
        }
