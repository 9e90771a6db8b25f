"""Recording what is to be gone, and erasing at once what nobody works on; the sensors see to the rest."""

import logging
import uuid

from api.access import Access
from api.jobs.service import find_own_job
from api.receipts.replies import build_receipt_reply
from api.receipts.schemas import ReceiptReply
from api.receipts.service import describe_receipt
from dubbing.errors import ErasureUnderWayError, JobBusyError, StorageError
from resources.database.connection import UnitOfWork
from resources.database.tables import ErasureCause

_log = logging.getLogger("dubline.api")


def delete_own_job(access: Access, job_id: uuid.UUID) -> ReceiptReply:
    """Erase a job, or have it erased as soon as nobody works on it any more; the wish is never lost.

    Raises:
        NotFoundError: no such job of the caller's.
    """
    requested_by = str(access.caller.user_id)
    with access.transaction() as tx:
        find_own_job(access, tx, job_id)
        receipt = tx.receipts.find_of_job(job_id)
        if receipt is not None:
            return build_receipt_reply(receipt)
        with tx.as_service():
            receipt_id = tx.erasures.request_deletion(job_id, requested_by)
    # Committed: whatever happens from here on, a sensor goes on with it.
    try:
        access.container.eraser.erase_job(job_id, cause=ErasureCause.REQUEST, requested_by=requested_by)
    except (JobBusyError, StorageError) as error:
        _log.info("job %s is erased later: %s", job_id, error.code)
    with access.transaction() as tx:
        return describe_receipt(tx, access.caller.user_id, receipt_id)


def delete_own_user(access: Access) -> ReceiptReply:
    """Record that everything of the caller's is to be erased; a sensor does it."""
    user_id = access.caller.user_id
    with access.transaction() as tx:
        with tx.as_service():
            receipt_id = tx.erasures.request_user_deletion(user_id, str(user_id))
        return describe_receipt(tx, user_id, receipt_id)


def refuse_while_leaving(tx: UnitOfWork, user_id: uuid.UUID) -> None:
    """Take nothing new of a user while all that is theirs is being erased; to be asked as the service.

    Raises:
        ErasureUnderWayError: it is.
    """
    if tx.erasures.is_leaving(user_id):
        raise ErasureUnderWayError("Everything of yours is being erased, as you asked; begin anew when it is done.")
