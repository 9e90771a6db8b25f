"""Recognition by Deepgram's nova-3: words with times and speakers, by one call for a whole recording."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TypedDict

from dubbing.engines import Answer, Recording
from dubbing.errors import VendorReplyError
from dubbing.transcript import Transcript
from resources.local.sentences import clean_text
from resources.vendors.deepgram_client import DEEPGRAM, MAX_QUANTITY, asking_deepgram, build_options, build_receipt
from resources.vendors.deepgram_languages import get_code
from resources.vendors.deepgram_reply import (
    UnusableReplyError,
    find_billed_ms,
    find_detected_language,
    find_request_id,
    parse_words,
)

if TYPE_CHECKING:
    from deepgram import DeepgramClient
    from deepgram.core.http_response import HttpResponse

MODEL: Final = "nova-3"

REVISION: Final = 1
"""Raised whenever a change here gives other words for the same sound."""

BASE_TIMEOUT_S = 120.0
"""For fetching the recording and waiting in line, s. Too long costs only time, too short costs a second bill."""

MAX_TIMEOUT_S = 660.0
"""Deepgram itself gives up after ten minutes of work, s."""

SPEED_OF_RECOGNITION = 10
"""How much faster than the sound recognition is at least; an hour takes Deepgram about half a minute."""

MAX_KEY_TERMS = 100

MAX_KEY_TERM_BYTES = 1000
"""Of all key terms together, UTF-8: Deepgram takes 500 tokens and refuses the call beyond; a token has two at least."""

MAX_TAG_CHARACTERS = 128

UNDETERMINED: Final = "und"
"""BCP 47's tag for the language of a recording in which nobody speaks."""


class _Wishes(TypedDict, total=False):
    model: str
    language: str
    detect_language: bool
    punctuate: bool
    utterances: bool
    diarize_model: Any
    keyterm: list[str]
    tag: str
    mip_opt_out: bool


class DeepgramRecognizer:
    """Nova-3 by REST.

    Text is left as it is said: no smart formatting, which would write “twenty four” as 24 and merge the words of
    dates, sums and addresses into one with a single time. What is translated and spoken again is better off with words.

    Args:
        client: as `deepgram_client.build_deepgram_client` makes it.
    """

    def __init__(self, client: "DeepgramClient") -> None:
        self._client = client

    @property
    def name(self) -> str:
        """Model and settings; the model's version is Deepgram's to change, and is not said beforehand."""
        return f"{DEEPGRAM}/{MODEL}/punctuate-utterances-diarize_latest-r{REVISION}"

    @property
    def vendor(self) -> str:
        """Deepgram."""
        return DEEPGRAM

    @property
    def model(self) -> str:
        """The model of one language: the multilingual one has another price, and is not used."""
        return MODEL

    def recognize(
        self, recording: Recording, *, language: str | None, key_terms: Sequence[str] = ()
    ) -> Answer[Transcript]:
        """Recognise a whole recording; see `dubbing.engines.Recognizer`.

        Where nobody speaks the call is billed all the same: the answer is then a transcript without words.
        """
        wishes = build_wishes(language, key_terms, recording.tag)
        options = build_options(plan_timeout_s(recording.duration_ms))
        media = self._client.listen.v1.media.with_raw_response
        # Whatever goes wrong before the call is the store's, and stays so.
        if recording.sign is not None:
            address = recording.sign()
            with asking_deepgram():
                reply = media.transcribe_url(url=address, request_options=options, **wishes)
        else:
            with recording.fetch() as path, path.open("rb") as file, asking_deepgram():
                # httpx sends an open file in blocks, with its length.
                reply = media.transcribe_file(request=file, request_options=options, **wishes)
        return read_answer(reply, recording.duration_ms, language)


def build_wishes(language: str | None, key_terms: Sequence[str], tag: str) -> _Wishes:
    """Make the parameters of a call.

    Raises:
        UnsupportedLanguageError: nova-3 does not recognise the language.
    """
    wishes = _Wishes(model=MODEL, punctuate=True, utterances=True, diarize_model="latest", mip_opt_out=True)
    if language is None:
        wishes["detect_language"] = True
    else:
        wishes["language"] = get_code(language)
    if terms := choose_key_terms(key_terms):
        wishes["keyterm"] = terms
    if tag:
        wishes["tag"] = tag[:MAX_TAG_CHARACTERS]
    return wishes


def choose_key_terms(key_terms: Sequence[str]) -> list[str]:
    """Take the first terms that Deepgram has room for, each once, on one line and without what cannot be said.

    >>> choose_key_terms(["Acme  Corp", "", "Acme Corp"])
    ['Acme Corp']
    """
    chosen: list[str] = []
    left_bytes = MAX_KEY_TERM_BYTES
    for term in dict.fromkeys(map(clean_text, key_terms)):
        size_bytes = len(term.encode())
        if term and size_bytes <= left_bytes and len(chosen) < MAX_KEY_TERMS:
            chosen.append(term)
            left_bytes -= size_bytes
    return chosen


def plan_timeout_s(duration_ms: int) -> float:
    """Choose how long to wait for the answer to a recording, s."""
    return min(BASE_TIMEOUT_S + duration_ms / 1000 / SPEED_OF_RECOGNITION, MAX_TIMEOUT_S)


def read_answer(reply: "HttpResponse[Any]", duration_ms: int, language: str | None) -> Answer[Transcript]:
    """Make the transcript and the receipt of a reply.

    Raises:
        VendorReplyError: it cannot be used; carries the receipt.
    """
    billed_ms = find_billed_ms(reply.data)
    usage = {"ms": billed_ms} if billed_ms is not None and billed_ms <= MAX_QUANTITY else None
    receipt = build_receipt(reply.headers, usage, find_request_id(reply.data))
    try:
        words = parse_words(reply.data, duration_ms)
    except UnusableReplyError as error:
        raise VendorReplyError(f"Deepgram answered {error}; try again.", receipt=receipt) from None
    spoken = language or find_detected_language(reply.data)
    if spoken is None and words:
        raise VendorReplyError("Deepgram did not say what language it heard; name the language.", receipt=receipt)
    return Answer(Transcript(spoken or UNDETERMINED, duration_ms, words), receipt)
