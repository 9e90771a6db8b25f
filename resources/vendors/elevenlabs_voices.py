"""The voices of an ElevenLabs account: fetched page by page, and offered in an order that never changes by itself."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, Literal

from dubbing.engines import Voice
from dubbing.errors import VendorReplyError
from resources.vendors.elevenlabs_client import build_options, speaking_to_elevenlabs
from resources.vendors.elevenlabs_languages import LANGUAGES, choose_model

if TYPE_CHECKING:
    from elevenlabs.client import ElevenLabs

ELEVENLABS = "elevenlabs"

VOICE_ID = re.compile(r"[A-Za-z0-9]{1,40}")
"""The package puts an id into the address of a call as it is: anything else could name another call."""

MIN_SPEED = 0.7
MAX_SPEED = 1.2
"""Source: the vendor's reference of ``voice_settings.speed``."""

PAGE_SIZE = 100
MAX_PAGES = 20
TIMEOUT_S = 20.0

_CATEGORIES = ("premade", "professional")
"""Made to be used by anybody; what an account made for itself comes after them."""

Gender = Literal["female", "male", "unknown"]


def fetch_voices(client: "ElevenLabs") -> list[dict[str, Any]]:
    """Fetch what is needed of every voice of the account.

    Returns:
        ``id``, ``name``, ``gender`` and ``category`` of each, all strings; voices without a usable id are left out.

    Raises:
        VendorError: the vendor did not answer, or gave no list.
    """
    kept: dict[str, dict[str, Any]] = {}
    token: str | None = None
    for _ in range(MAX_PAGES):
        with speaking_to_elevenlabs():
            page = client.voices.search(
                page_size=PAGE_SIZE, next_page_token=token, request_options=build_options(TIMEOUT_S)
            )
        # The package checks nothing of what it reads.
        voices = getattr(page, "voices", None)
        if not isinstance(voices, list):
            raise VendorReplyError("ElevenLabs gave a list of voices that makes no sense; try again later.")
        kept |= {voice["id"]: voice for voice in map(_pick, voices) if voice is not None}
        token = getattr(page, "next_page_token", None)
        if not (getattr(page, "has_more", False) and isinstance(token, str) and token):
            break
    return list(kept.values())


def build_voices(raw: Sequence[Mapping[str, Any]], *, model: str, chosen: Sequence[str] = ()) -> tuple[Voice, ...]:
    """Offer every voice in every language, in the same order in each.

    Args:
        raw: as `fetch_voices` gives them.
        model: the preferred one.
        chosen: ids; only these are offered, in this order. Empty: all, by category, women and men in turn.
    """
    ranked = _rank(raw, chosen)
    return tuple(
        Voice(
            name=voice["id"],
            language=language,
            gender=_read_gender(voice),
            vendor=ELEVENLABS,
            model=choose_model(language, model).name,
            label=voice["name"] or voice["id"],
            min_speed=MIN_SPEED,
            max_speed=MAX_SPEED,
        )
        for language in LANGUAGES
        for voice in ranked
    )


def _rank(raw: Sequence[Mapping[str, Any]], chosen: Sequence[str]) -> list[Mapping[str, Any]]:
    by_id = {voice["id"]: voice for voice in raw}
    if chosen:
        return [by_id[name] for name in dict.fromkeys(chosen) if name in by_id]
    ranked: list[Mapping[str, Any]] = []
    for category in (*_CATEGORIES, None):
        group = [by_id[name] for name in sorted(by_id) if _read_category(by_id[name]) == category]
        ranked += _take_turns(group)
    return ranked


def _take_turns(voices: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Let women and men alternate, so that the first two speakers of a recording can be told apart."""
    women, men, others = ([v for v in voices if _read_gender(v) == gender] for gender in ("female", "male", "unknown"))
    pairs = chain.from_iterable(zip_longest(women, men))
    return chain((voice for voice in pairs if voice is not None), others)


def _read_gender(voice: Mapping[str, Any]) -> Gender:
    match voice["gender"]:
        case "female":
            return "female"
        case "male":
            return "male"
        case _:
            return "unknown"


def _read_category(voice: Mapping[str, Any]) -> str | None:
    return voice["category"] if voice["category"] in _CATEGORIES else None


def _pick(voice: object) -> dict[str, Any] | None:
    """Keep what is needed of a voice; None where it cannot be called."""
    name = getattr(voice, "voice_id", None)
    if not (isinstance(name, str) and VOICE_ID.fullmatch(name)):
        return None
    labels = getattr(voice, "labels", None)
    gender = labels.get("gender") if isinstance(labels, dict) else None
    label, category = getattr(voice, "name", None), getattr(voice, "category", None)
    return {"id": name, "name": _as_text(label), "gender": _as_text(gender).lower(), "category": _as_text(category)}


def _as_text(value: object) -> str:
    """Take a text that can be shown and stored, at most 100 characters of it."""
    return "".join(filter(str.isprintable, value))[:100].strip() if isinstance(value, str) else ""
