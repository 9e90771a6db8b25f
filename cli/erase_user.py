"""`dubline erase-user`: erase all that is a user's, when a person asked for it by other ways than the API."""

import uuid

import typer
from sqlalchemy import func, select

from api.receipts.service import describe_receipt
from cli.receipt_pages import print_receipt
from dubbing.errors import NotFoundError
from dubbing.jobs import JobState
from resources.container import Container
from resources.database.connection import UnitOfWork
from resources.database.tables import DubbingJob, Upload, User
from resources.settings import load_settings

OPERATOR = "operator: dubline erase-user"
"""Who asked, as the receipts say it."""


def run_erase_user(user_id: uuid.UUID, *, is_confirmed: bool, as_json: bool) -> int:
    """Record that all of a user's is to be erased, and print the receipt; a sensor does it, or `dubline sweep`.

    Raises:
        NotFoundError: there is no such user.
        Abort: it was not confirmed.
    """
    with Container(load_settings()) as container:
        with container.database.transaction() as tx:
            holdings = _describe_holdings(tx, user_id)
        if not is_confirmed:
            question = f"Erase everything of user {user_id} ({holdings})? This cannot be taken back."
            typer.confirm(question, abort=True, err=True)
        with container.database.transaction() as tx:
            receipt_id = tx.erasures.request_user_deletion(user_id, OPERATOR)
            receipt = describe_receipt(tx, user_id, receipt_id)
    return print_receipt(receipt, as_json=as_json)


def _describe_holdings(tx: UnitOfWork, user_id: uuid.UUID) -> str:
    if tx.session.get(User, user_id) is None:
        raise NotFoundError("There is no such user here.")
    jobs = select(func.count()).where(DubbingJob.user_id == user_id, DubbingJob.state != JobState.EXPIRED.value)
    uploads = select(func.count()).where(Upload.user_id == user_id, Upload.erased_at.is_(None))
    return f"jobs: {tx.session.scalar(jobs)}, recordings: {tx.session.scalar(uploads)}"
