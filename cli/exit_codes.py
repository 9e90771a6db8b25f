"""Errors as exit codes: one of its own for each kind, so that scripts can tell them apart."""

from dubbing.errors import DubbingError

INTERRUPTED = 130
"""Ctrl-C, as shells count it (128 + SIGINT)."""

SOME_LANGUAGES_FAILED = 4
"""The job ended and some, not all, of its languages failed."""

SWEEP_INCOMPLETE = 5
"""A sweep ended, and something is due all the same."""

INVOICE_DIFFERS = 6
"""An invoice and the ledger say different things."""

INTERNAL = 70
"""A defect of ours (EX_SOFTWARE of sysexits)."""

EXIT_CODES = {
    "internal": INTERNAL,
    "bad_input": 9,
    "empty_file": 10,
    "not_media": 11,
    "unsafe_media": 12,
    "no_audio_stream": 13,
    "truncated_media": 14,
    "too_long": 15,
    "silent_audio": 16,
    "no_speech": 17,
    "unknown_language": 18,
    "unsupported_language": 19,
    "unknown_voice": 20,
    "output_not_writable": 21,
    "file_not_found": 22,
    "bad_manifest": 23,
    "disk_full": 30,
    "bad_settings": 31,
    "tool_missing": 32,
    "bad_weights": 33,
    "database_unavailable": 34,
    "storage_failed": 35,
    "job_busy": 36,
    "object_missing": 37,
    "run_crashed": 38,
    "busy": 39,
    "media_failed": 40,
    "recognition_failed": 41,
    "translation_failed": 42,
    "synthesis_failed": 43,
    "vendor_failed": 50,
    "vendor_auth": 51,
    "vendor_quota": 52,
    "vendor_rejected": 53,
    "content_refused": 54,
    "rate_limited": 55,
    "vendor_unavailable": 56,
    "vendor_outcome_unknown": 57,
    "vendor_reply": 58,
    "reply_cut_short": 59,
    "recording_unreachable": 60,
    "not_found": 61,
    "job_finished": 62,
    "budget_exceeded": 63,
    "spend_limit_reached": 64,
}
"""Exit code by error code."""


def get_exit_code(error: DubbingError) -> int:
    """Return the exit code of an error; most that only clients of the API can meet have none of their own."""
    return EXIT_CODES.get(error.code, INTERNAL)
