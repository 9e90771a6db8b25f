"""Which error is tried again, where, how often and how long after: one table for the whole tree.

It is read by who tries again (the stages, the runs) and by people: `docs/retries.md` shows the same table. Here is no
clock and no loop.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Again(StrEnum):
    """Who tries again by itself: the narrowest place that can."""

    NOBODY = "nobody"
    CALL = "the call"
    STAGE = "the stage"
    RUN = "the run"
    CLIENT = "the client"


class Outage(StrEnum):
    """What may be away for a while. Work waits for it, which is no try."""

    VENDOR = "vendor"
    RATE_LIMIT = "rate_limit"
    STORE = "store"
    DISK = "disk"
    DATABASE = "database"


class Remedy(StrEnum):
    """What a person can do when nobody tries again any more."""

    REPLAY = "replay"
    MEND = "mend, then replay"
    OTHER_INPUT = "other input"
    REPEAT = "the same request later"
    OTHER_REQUEST = "another request"


@dataclass(frozen=True, slots=True)
class RetryRule:
    """What is done about an error.

    Attributes:
        tries: all together, the first one too; None is as many as the patience allows.
        pauses_s: between them, seconds; the shortest and the longest.
        waits_for: what the work waits for where it is away, without losing a try.
        remedy: what helps then.
    """

    again: Again
    tries: int | None
    pauses_s: tuple[float, float] | None
    waits_for: Outage | None
    remedy: Remedy

    @property
    def is_transient(self) -> bool:
        """Whether the same thing may succeed later, with nothing mended and nothing else asked for."""
        return self.remedy in {Remedy.REPLAY, Remedy.REPEAT}


CALL_TRIES = 4
"""How often one call that may be billed each time is made before its error counts."""

OUTAGE_TRIES = 12
"""How often a vendor that is down is called for one purchase. More than open its circuit, so that even a single caller
parks: with the circuit's openings that is some fifteen minutes, or as long as the patience lasts."""

CALL_PAUSES_S = (0.5, 20.0)
"""Drawn at random up to twice as much each time, so that callers refused together do not come back together."""

STAGE_TRIES = 4

STAGE_PAUSES_S = (2.0, 8.0)
"""2, 4 and 8 seconds, each two more or less so that jobs do not come back in step: by then a database has restarted."""

RUN_TRIES = 2
"""How often a job whose process died is begun; what was bought before is not bought again."""

PARKED_PAUSES_S = (1.0, 30.0)
"""Between two looks at whether what is away is back; longer each time."""

_PERMANENT = RetryRule(Again.NOBODY, 1, None, None, Remedy.MEND)
_INPUT = RetryRule(Again.NOBODY, 1, None, None, Remedy.OTHER_INPUT)
_ONCE = RetryRule(Again.NOBODY, 1, None, None, Remedy.REPLAY)
_REFUSED = RetryRule(Again.NOBODY, 1, None, None, Remedy.OTHER_REQUEST)
_LATER = RetryRule(Again.CLIENT, None, None, None, Remedy.REPEAT)
_CALL = RetryRule(Again.CALL, CALL_TRIES, CALL_PAUSES_S, None, Remedy.REPLAY)


def _build_stage_rule(waits_for: Outage | None = None, remedy: Remedy = Remedy.REPLAY) -> RetryRule:
    return RetryRule(Again.STAGE, STAGE_TRIES, STAGE_PAUSES_S, waits_for, remedy)


RULES: Mapping[str, RetryRule] = MappingProxyType(
    {
        "internal": _PERMANENT,
        "bad_settings": _PERMANENT,
        "tool_missing": _PERMANENT,
        "bad_weights": _PERMANENT,
        "media_failed": _PERMANENT,
        "object_missing": _PERMANENT,
        "bad_input": _INPUT,
        "empty_file": _INPUT,
        "not_media": _INPUT,
        "unsafe_media": _INPUT,
        "no_audio_stream": _INPUT,
        "truncated_media": _INPUT,
        "too_long": _INPUT,
        "silent_audio": _INPUT,
        "no_speech": _INPUT,
        "unknown_language": _INPUT,
        "unsupported_language": _INPUT,
        "unknown_voice": _INPUT,
        "bad_manifest": _INPUT,
        "file_not_found": _INPUT,
        "output_not_writable": _INPUT,
        "disk_full": _build_stage_rule(Outage.DISK),
        "storage_failed": _build_stage_rule(Outage.STORE),
        "database_unavailable": _build_stage_rule(Outage.DATABASE),
        "job_busy": _build_stage_rule(remedy=Remedy.REPEAT),
        "recognition_failed": _build_stage_rule(),
        "translation_failed": _ONCE,
        "synthesis_failed": _ONCE,
        "run_crashed": RetryRule(Again.RUN, RUN_TRIES, None, None, Remedy.REPLAY),
        "vendor_failed": _PERMANENT,
        "vendor_auth": _PERMANENT,
        "vendor_quota": _PERMANENT,
        "vendor_rejected": _INPUT,
        "content_refused": _INPUT,
        "recording_unreachable": _PERMANENT,
        "rate_limited": RetryRule(Again.CALL, None, CALL_PAUSES_S, Outage.RATE_LIMIT, Remedy.REPLAY),
        "vendor_unavailable": RetryRule(Again.CALL, OUTAGE_TRIES, CALL_PAUSES_S, Outage.VENDOR, Remedy.REPLAY),
        "vendor_outcome_unknown": _CALL,
        "vendor_reply": _CALL,
        "reply_cut_short": _CALL,
        "malformed_request": _REFUSED,
        "unauthorized": _REFUSED,
        "auth_unavailable": _LATER,
        "address_rejected": _REFUSED,
        "forbidden": _REFUSED,
        "not_found": _REFUSED,
        "request_too_large": _REFUSED,
        "unsupported_media_type": _REFUSED,
        "upload_too_large": _REFUSED,
        "too_many_uploads": _LATER,
        "upload_incomplete": _LATER,
        "upload_taken": _REFUSED,
        "upload_mismatch": _REFUSED,
        "busy": _LATER,
        "too_many_languages": _REFUSED,
        "idempotency_conflict": _REFUSED,
        "spend_limit_reached": _PERMANENT,
        "budget_exceeded": _REFUSED,
        "spend_limit_too_low": _REFUSED,
        "job_finished": _REFUSED,
        "erasure_under_way": _LATER,
        "download_gone": _REFUSED,
        "range_not_satisfiable": _REFUSED,
    }
)
"""By the code of the error."""


def get_rule(code: str) -> RetryRule:
    """Return what is done about an error; one without a row is a defect of ours, and treated as such.

    >>> get_rule("storage_failed").waits_for.value
    'store'
    """
    return RULES.get(code, RULES["internal"])
