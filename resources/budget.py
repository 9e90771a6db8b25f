"""Whether there is money for a job: asked once, in the transaction that would make it."""

from typing import Protocol

from resources.database.connection import UnitOfWork
from resources.database.tables import DubbingJob, Upload


class Budget(Protocol):
    """Guards what may be spent."""

    def check(self, tx: UnitOfWork, job: DubbingJob, upload: Upload) -> None:
        """Let a job be made, or not.

        Raises:
            BudgetExceededError: it would cost more than is left to spend.
        """
        ...


class NoLimit:
    """The budget of engines that cost nothing."""

    def check(self, tx: UnitOfWork, job: DubbingJob, upload: Upload) -> None:
        """Let every job be made."""
