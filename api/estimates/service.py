"""Estimating a job that was not submitted, checked as if it were."""

from api.access import Access
from api.estimates.schemas import (
    EstimateReply,
    EstimateRequest,
    LanguageEstimate,
    PartEstimate,
    PriceVersion,
    SumRange,
)
from api.jobs.submission import admit_upload, get_upload, refuse_too_many
from dubbing.errors import InputError, TooLongError
from dubbing.estimating import JobEstimate, Range
from resources import intake


def estimate_job(access: Access, wanted: EstimateRequest) -> EstimateReply:
    """Tell what a job would cost.

    Raises:
        NotFoundError: no such upload of the caller's.
        InputError, UploadIncompleteError, UploadMismatchError: the recording cannot be dubbed, or it says no length.
        UnknownLanguageError, UnsupportedLanguageError, UnknownVoiceError, TooManyLanguagesError: as for a job.
        BusyError: too many recordings are being checked at this moment.
        SettingsError: a model has no price.
    """
    refuse_too_many(access, wanted.target_languages)
    plan = access.container.intake.plan(
        intake.JobRequest(access.caller.user_id, wanted.target_languages, wanted.source_language, wanted.voices)
    )
    duration_ms = _find_duration(access, wanted)
    with access.transaction() as tx, tx.as_service():
        estimate = access.container.estimator.estimate(
            tx, plan.targets, duration_ms, source=plan.source, voices=plan.voices
        )
    return _build_reply(estimate)


def _find_duration(access: Access, wanted: EstimateRequest) -> int:
    """Find the length of the recording; one that was uploaded is admitted, as it would be by a job."""
    if wanted.upload_id is None:
        limit_ms = access.container.settings.max_duration_ms
        if (wanted.duration_ms or 0) > limit_ms:
            raise TooLongError(f"The recording is longer than {limit_ms // 60_000} minutes; give a shorter part of it.")
        return wanted.duration_ms or 0
    admit_upload(access, wanted.upload_id)
    with access.transaction() as tx:
        duration_ms = get_upload(tx, wanted.upload_id).duration_ms
    if duration_ms is None:
        raise InputError("This recording does not say how long it is; give duration_ms instead of upload_id.")
    return duration_ms


def _build_reply(estimate: JobEstimate) -> EstimateReply:
    return EstimateReply(
        total=SumRange(low_usd_micros=estimate.lowest_usd_micros, high_usd_micros=estimate.worst_usd_micros),
        shared=_build_part(estimate.shared),
        languages=[
            LanguageEstimate(language=language, **_build_part(each).model_dump())
            for language, each in estimate.languages.items()
        ],
        prices=[
            PriceVersion(vendor=vendor, model=model, effective_from=since)
            for (vendor, model), since in sorted(estimate.prices_from.items())
        ],
    )


def _build_part(part: Range) -> PartEstimate:
    return PartEstimate(low_usd_micros=part.low_usd_micros, high_usd_micros=part.high_usd_micros, basis=part.basis)
