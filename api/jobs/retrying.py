"""Making the failed languages of the caller's own jobs again."""

import uuid
from typing import Annotated

from pydantic import Field

from api.access import Access
from api.jobs.replies import build_job_reply
from api.jobs.schemas import JobReply
from api.jobs.service import find_own_job
from api.schemas import Dollars, LanguageTag, Request, to_usd_micros
from dubbing.languages import parse_language
from resources.replaying.replayer import check_source


class RetryRequest(Request):
    """What to make again."""

    languages: Annotated[list[LanguageTag], Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="All that failed, if left out.", examples=[["fr"]]
    )
    max_spend_usd: Dollars | None = Field(
        default=None,
        description="The most that the whole job may cost from now on, dollars; as before if left out.",
        examples=[2.5],
    )


def retry_own_job(access: Access, job_id: uuid.UUID, wanted: RetryRequest) -> JobReply:
    """Queue failed languages once more; what was delivered stays as it is.

    Raises:
        NotFoundError: no such job of the caller's, or no such language of it.
        UnknownLanguageError: not a language.
        JobBusyError: the job is being worked on.
        JobFinishedError: nothing failed, or the recording has expired.
        BudgetExceededError, SpendLimitTooLowError: there is no money for it.
    """
    named = [parse_language(tag) for tag in wanted.languages] if wanted.languages is not None else None
    with access.transaction() as tx:
        find_own_job(access, tx, job_id)
        upload = tx.uploads.get_of_job(job_id)
    check_source(access.container, upload)
    with access.transaction() as tx:
        find_own_job(access, tx, job_id)
        with tx.as_service():
            job = tx.jobs.lock(job_id)
            if wanted.max_spend_usd is not None:
                job.max_spend_usd_micros = to_usd_micros(wanted.max_spend_usd)
            lost = tx.replays.list_lost(job_id)
            tx.replays.begin(job_id, lost if named is None else named)
            chosen = [language for language in lost if named is None or language in named]
            access.container.budget.hold(tx, job, upload, chosen)
            return build_job_reply(job, tx.jobs.list_languages(job_id))
