"""Every error the product can report: a stable code, whether trying again can help, a sentence for people.

Each edge (command line, Dagster, later HTTP) maps the whole tree once. Messages say what is wrong and what to
do; they never carry customer text, keys or addresses.
"""

from typing import ClassVar

from dubbing.usage import Receipt


class DubbingError(Exception):
    """Base of the tree.

    Args:
        message: one clear sentence that says what to do.
    """

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def build_error(code: str, message: str) -> DubbingError:
    """Make an error again from what was recorded of it.

    >>> type(build_error("no_speech", "Nobody speaks.")).__name__
    'NoSpeechError'
    """
    waiting = [DubbingError]
    while waiting:
        kind = waiting.pop()
        if kind.code == code:
            return kind(message)
        waiting += kind.__subclasses__()
    return DubbingError(message)


class InputError(DubbingError):
    """What the caller gave cannot be dubbed; only other input helps."""

    code = "bad_input"


class EmptyFileError(InputError):
    """The file has no bytes."""

    code = "empty_file"


class NotMediaError(InputError):
    """No demuxer that we allow recognises the content."""

    code = "not_media"


class UnsafeMediaError(InputError):
    """A playlist or another format that would make the decoder open other files or addresses."""

    code = "unsafe_media"


class NoAudioStreamError(InputError):
    """A media file without sound."""

    code = "no_audio_stream"


class TruncatedMediaError(InputError):
    """The file ends before the length it declares, or breaks off while decoding."""

    code = "truncated_media"


class TooLongError(InputError):
    """Longer than the limit, by its header or by what it decodes to."""

    code = "too_long"


class SilentAudioError(InputError):
    """Nothing but silence."""

    code = "silent_audio"


class NoSpeechError(InputError):
    """Sound, but nobody speaks."""

    code = "no_speech"


class UnknownLanguageError(InputError):
    """Not a BCP 47 tag of a known language."""

    code = "unknown_language"


class UnsupportedLanguageError(InputError):
    """A known language that the engine in use does not offer."""

    code = "unsupported_language"


class UnknownVoiceError(InputError):
    """A voice that the engine does not offer for this language; the message says which it does."""

    code = "unknown_voice"


class BadManifestError(InputError):
    """Not a manifest of the version we read."""

    code = "bad_manifest"


class FileMissingError(InputError):
    """There is no file of that name."""

    code = "file_not_found"


class OutputNotWritableError(InputError):
    """The output folder cannot be made or written."""

    code = "output_not_writable"


class SettingsError(DubbingError):
    """A setting is missing or wrong; the message names it."""

    code = "bad_settings"


class ToolMissingError(DubbingError):
    """A program or package that is needed is not installed; the message says how to install it."""

    code = "tool_missing"


class WeightsError(DubbingError):
    """A weights file of the local engine is missing or not the one we know."""

    code = "bad_weights"


class DiskFullError(DubbingError):
    """No space left where we write."""

    code = "disk_full"
    retryable = True


class MediaError(DubbingError):
    """ffmpeg failed on audio that had passed every check."""

    code = "media_failed"


class RecognitionError(DubbingError):
    """The recogniser failed."""

    code = "recognition_failed"
    retryable = True


class TranslationError(DubbingError):
    """The translator failed on this text."""

    code = "translation_failed"
    retryable = True


class SynthesisError(DubbingError):
    """The synthesiser failed, or gave something that is not speech of this text."""

    code = "synthesis_failed"
    retryable = True


class VendorError(DubbingError):
    """Base of what goes wrong between us and a vendor.

    Args:
        receipt: what the vendor bills all the same; None where nothing is billed, so far as is known.
        retry_after_s: how long the vendor asks us to wait.

    Attributes:
        vendor_words: what its reply said in words for machines, status and code, and no sentence of it; None without.
    """

    code = "vendor_failed"

    def __init__(self, message: str, *, receipt: Receipt | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.receipt = receipt
        self.retry_after_s = retry_after_s
        self.vendor_words: str | None = None


class VendorAuthError(VendorError):
    """The vendor does not accept our key, or does not let it do this."""

    code = "vendor_auth"


class VendorQuotaError(VendorError):
    """Our account at the vendor is used up; only paying helps."""

    code = "vendor_quota"


class VendorRejectedError(VendorError):
    """The vendor does not accept what was asked; asking the same again is no use."""

    code = "vendor_rejected"


class ContentRefusedError(VendorRejectedError):
    """The vendor will not do this for this content."""

    code = "content_refused"


class RecordingUnreachableError(VendorRejectedError):
    """The vendor could not fetch a recording at its address; sending the file helps."""

    code = "recording_unreachable"


class RateLimitedError(VendorError):
    """More calls than the vendor takes at once, or in a minute."""

    code = "rate_limited"
    retryable = True


class VendorUnavailableError(VendorError):
    """The vendor is down or cannot be reached; nothing was done."""

    code = "vendor_unavailable"
    retryable = True


class OutcomeUnknownError(VendorError):
    """No answer, or half of one: whether the call is billed is not known."""

    code = "vendor_outcome_unknown"
    retryable = True


class VendorReplyError(VendorError):
    """An answer that is billed and cannot be used."""

    code = "vendor_reply"
    retryable = True


class ReplyCutShortError(VendorReplyError):
    """The answer ends too early; asking for less helps."""

    code = "reply_cut_short"


class StorageError(DubbingError):
    """The object store refused or lost an object."""

    code = "storage_failed"
    retryable = True


class ObjectMissingError(StorageError):
    """There is no object under this key."""

    code = "object_missing"
    retryable = False


class DatabaseUnavailableError(DubbingError):
    """Postgres cannot be reached or started."""

    code = "database_unavailable"
    retryable = True


class JobBusyError(DubbingError):
    """Another process works on this job right now."""

    code = "job_busy"
    retryable = True


class RunCrashedError(DubbingError):
    """The process that made the job ended without saying why."""

    code = "run_crashed"
    retryable = True


class SpendLimitReachedError(DubbingError):
    """To go on would cost more than the job may, or than is left in a budget; what is made so far stays."""

    code = "spend_limit_reached"


class RequestError(DubbingError):
    """Base of what only a client of the API can meet."""

    code = "malformed_request"


class AuthRejectedError(RequestError):
    """The caller's token proves nothing; the message never says what was in it."""

    code = "unauthorized"


class AuthUnavailableError(RequestError):
    """The keys that tokens are checked against cannot be had."""

    code = "auth_unavailable"
    retryable = True


class AddressRejectedError(RequestError):
    """A signed address that is not ours, not for this, or over."""

    code = "address_rejected"


class ForbiddenError(RequestError):
    """Not for whoever asks from there, or without what would show that they may."""

    code = "forbidden"


class NotFoundError(RequestError):
    """Not there, or not the caller's: which of the two is not said."""

    code = "not_found"


class RequestTooLargeError(RequestError):
    """The body has more bytes than any request of this kind needs."""

    code = "request_too_large"


class UnsupportedMediaTypeError(RequestError):
    """The upload is announced as something else than a recording."""

    code = "unsupported_media_type"


class UploadTooLargeError(RequestError):
    """The recording has more bytes than are accepted."""

    code = "upload_too_large"


class TooManyUploadsError(RequestError):
    """More upload addresses are open than one user needs."""

    code = "too_many_uploads"
    retryable = True


class UploadIncompleteError(RequestError):
    """The recording is not in the store yet."""

    code = "upload_incomplete"
    retryable = True


class UploadTakenError(RequestError):
    """There is an object under this upload address already."""

    code = "upload_taken"


class UploadMismatchError(RequestError):
    """What arrived is not what was announced."""

    code = "upload_mismatch"


class BusyError(RequestError):
    """As many requests of this kind are worked on as this machine can take."""

    code = "busy"
    retryable = True


class TooManyLanguagesError(RequestError):
    """More languages than one job may have."""

    code = "too_many_languages"


class IdempotencyConflictError(RequestError):
    """The key was used for another body before."""

    code = "idempotency_conflict"


class BudgetExceededError(RequestError):
    """The job would cost more than is left to spend."""

    code = "budget_exceeded"


class SpendLimitTooLowError(RequestError):
    """The job cannot be made for as little as it may cost."""

    code = "spend_limit_too_low"


class JobFinishedError(RequestError):
    """The job has ended; what was asked for has no sense any more."""

    code = "job_finished"


class ErasureUnderWayError(RequestError):
    """Everything of the user is being erased; nothing new is taken until that is done."""

    code = "erasure_under_way"
    retryable = True


class DownloadGoneError(RequestError):
    """The address was used, or its artifact has expired."""

    code = "download_gone"


class RangeNotSatisfiableError(RequestError):
    """The part asked for lies outside the object."""

    code = "range_not_satisfiable"
