"""Routes of languages and voices: what the engines in use offer."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.access import PROTECTED, AccessDependency
from api.languages.schemas import LanguageOffer, LanguageOffers, LanguageQuery, VoiceOffer, VoiceOffers, VoiceQuery
from api.problems import VOICELESS, document
from dubbing.languages import get_base, name_language, parse_language

router = APIRouter(tags=["languages"])

_PROBLEMS = document(*PROTECTED, *VOICELESS, "malformed_request", "unknown_language", "tool_missing")


@router.get("/languages", responses=_PROBLEMS)
def list_languages(access: AccessDependency, query: Annotated[LanguageQuery, Query()]) -> LanguageOffers:
    """List the languages that a recording can be dubbed into."""
    intake = access.container.intake
    targets = intake.list_targets(parse_language(query.source) if query.source else None)
    return LanguageOffers(
        items=[
            LanguageOffer(language=target, name=name_language(target), quality=intake.get_quality(target))
            for target in targets
        ]
    )


@router.get("/voices", responses=_PROBLEMS)
def list_voices(access: AccessDependency, query: Annotated[VoiceQuery, Query()]) -> VoiceOffers:
    """List the voices that can be chosen for a target language."""
    base = get_base(parse_language(query.language)) if query.language else None
    voices = access.container.synthesizer.list_voices()
    return VoiceOffers(
        items=[
            VoiceOffer(
                name=voice.name,
                label=voice.label or voice.name,
                language=voice.language,
                gender=voice.gender,
                vendor=voice.vendor,
                quality=voice.quality,
            )
            for voice in voices
            if base is None or get_base(voice.language) == base
        ]
    )
