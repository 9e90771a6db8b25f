"""The lines of one script on their way: asked, checked, divided where an answer is of no use, mended where it helps."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dubbing.content_key import build_content_key
from dubbing.engines import Translator
from dubbing.errors import ContentRefusedError, DubbingError, VendorError, VendorRejectedError, VendorReplyError
from dubbing.glossary import Glossary, list_terms
from dubbing.translation_batches import Batch, Line, ReplyLine
from dubbing.translation_plan import ReplyVerdict, assess_reply, halve, plan_batches
from dubbing.translation_review import (
    MAX_FACT_TRIES,
    MAX_LENGTH_TRIES,
    Attempt,
    choose_better,
    list_flags,
    plan_revision,
    review,
)
from resources.database.connection import Database, UnitOfWork
from resources.database.purchases import KeptTranslation
from resources.purchasing.gate import VendorGate
from resources.purchasing.ledger import Call
from resources.purchasing.orders import Order

logger = logging.getLogger(__name__)

MAX_ASKS = 3
"""How often a single line is asked for whose answer is of no use, before it is given up."""

Outcome = KeptTranslation | DubbingError
"""What became of a line: its translation, or why there is none."""


@dataclass(frozen=True, slots=True)
class LinePlan:
    """A script as it is bought, by number of the line.

    Attributes:
        lines: of the whole script: what is said around a line is taken from here.
        keys: the content keys of those that are translated.
    """

    source: str
    target: str
    glossary: Glossary
    lines: Mapping[int, Line]
    keys: Mapping[int, str]

    @property
    def texts(self) -> Mapping[int, str]:
        """What is said, all of it."""
        return {number: line.text for number, line in self.lines.items()}

    def plan_batches(self, lines: Sequence[Line], max_lines: int) -> tuple[Batch, ...]:
        """Group lines into calls."""
        return plan_batches(
            lines, self.texts, source=self.source, target=self.target, max_lines=max_lines, glossary=self.glossary
        )


class LineTranslation:
    """The state of the lines. Batches may run on several threads; no line is in two of them.

    Args:
        found: what was kept before, by content key; drafts among it are mended.
        length_tries, fact_tries: how often a line may be asked for again.
    """

    def __init__(
        self,
        database: Database,
        gate: VendorGate,
        translator: Translator,
        order: Order,
        plan: LinePlan,
        found: Mapping[str, KeptTranslation],
        *,
        length_tries: int = MAX_LENGTH_TRIES,
        fact_tries: int = MAX_FACT_TRIES,
    ) -> None:
        self._database = database
        self._gate = gate
        self._translator = translator
        self._order = order
        self._plan = plan
        self._found = found
        self._is_heard = bool(found)  # the vendor has taken a request of this kind
        self._rejection: VendorError | None = None  # of all of them
        self._best: dict[int, Attempt] = {}
        self._length_tries = defaultdict[int, int](lambda: MAX_LENGTH_TRIES - length_tries)
        self._fact_tries = defaultdict[int, int](lambda: MAX_FACT_TRIES - fact_tries)
        self._lost: dict[int, DubbingError] = {}

    def run(self, batch: Batch) -> dict[int, Outcome]:
        """Translate, and keep what came.

        Raises:
            VendorError: a first question met what is not about single lines.
        """
        self._take_up_drafts(batch)
        fresh = [line for line in batch.lines if line.number not in self._best]
        for part in self._plan.plan_batches(fresh, len(batch.lines)):
            self._ask(part)
        is_mended = self._mend(batch)
        translated = [line.number for line in batch.lines if line.number in self._best]
        keys = {number: self._plan.keys[number] for number in translated}
        with self._database.transaction() as tx:
            if is_mended:
                self._record(tx, translated, is_final=True)
            kept = tx.purchases.find_translations(keys.values())  # another script may have been first
        lost = {line.number: self._lost[line.number] for line in batch.lines if line.number in self._lost}
        return {number: kept.get(key) or self._keep(number, is_final=False) for number, key in keys.items()} | lost

    def _take_up_drafts(self, batch: Batch) -> None:
        for line in batch.lines:
            if (draft := self._found.get(self._plan.keys[line.number])) is not None:
                self._best[line.number] = self._review(line.number, draft.text)

    def _ask(self, batch: Batch, asks: int = 1) -> None:
        """Ask once; where the answer is of no use, ask for less at a time."""
        self._follow_up(batch, self._try(batch), asks)

    def _try(self, batch: Batch) -> VendorError | None:
        """Make one call; the value is what is wrong with the request or its answer."""
        if self._rejection is not None:
            raise self._rejection
        try:
            verdict = self._buy(batch)
        except (VendorRejectedError, VendorReplyError) as error:
            if isinstance(error, ContentRefusedError | VendorReplyError):
                self._is_heard = True
            return error
        self._is_heard = True
        return VendorReplyError("The translator left out a line.") if verdict.missing else None

    def _follow_up(self, batch: Batch, error: VendorError | None, asks: int) -> None:
        lines = [line for line in batch.lines if line.number not in self._best]
        if error is None or not lines:
            return
        if len(lines) < len(batch.lines):
            for part in self._plan.plan_batches(lines, len(lines)):
                self._ask(part)
        elif len(lines) > 1:
            self._divide(batch, error)
        elif isinstance(error, VendorRejectedError) and (batch.before or batch.after):
            self._ask(_leave_out_context(batch))
        elif asks < MAX_ASKS and not isinstance(error, VendorRejectedError):
            self._ask(batch, asks + 1)
        else:
            self._lost[lines[0].number] = error

    def _divide(self, batch: Batch, error: VendorError) -> None:
        """Ask in halves.

        Raises:
            VendorRejectedError: both are rejected, and so was all else: it is about no line.
        """
        halves = halve(batch, self._plan.texts, self._plan.glossary)
        if not isinstance(error, VendorRejectedError):
            for half in halves:
                self._ask(half)
            return
        tried = [(half, self._try(half)) for half in map(_leave_out_context, halves)]
        if not self._is_heard:
            self._rejection = error
            raise error
        for half, its_error in tried:
            self._follow_up(half, its_error, asks=1)

    def _mend(self, batch: Batch) -> bool:
        """Ask for better wordings. A fault loses nothing: what there is stays, with its flags.

        Returns:
            Whether that was done; False where a vendor that does not answer ended it, and a later run goes on.
        """
        while revisions := self._plan_revisions(batch.lines):
            for part in self._plan.plan_batches(revisions, len(batch.lines)):
                try:
                    self._buy(part)
                except VendorError as error:
                    logger.warning("%s did not mend %d lines: %s", part.target, len(part.lines), error.code)
                    if not isinstance(error, VendorReplyError):  # the next question would meet it too
                        return isinstance(error, VendorRejectedError)
        return True

    def _buy(self, batch: Batch) -> ReplyVerdict:
        """Make one call, and keep what of its answer can be kept."""
        keys = [self._plan.keys[line.number] for line in batch.lines]
        call = Call(
            vendor=self._translator.vendor,
            model=self._translator.model,
            operation="translate",
            engine=self._translator.name,
            content_key=build_content_key("translation_batch", keys=keys),
            estimate=self._translator.estimate_usage(batch),
        )

        def assess(reply: Sequence[ReplyLine]) -> ReplyVerdict:
            verdict = assess_reply(batch, reply)
            for number, text in verdict.accepted.items():
                attempt = self._review(number, text)
                best = self._best.get(number)
                self._best[number] = attempt if best is None else choose_better(best, attempt)
            return verdict

        def record(tx: UnitOfWork, verdict: ReplyVerdict) -> None:
            self._record(tx, verdict.accepted, is_final=False)

        return self._gate.buy(
            self._order, call, lambda: self._translator.translate(batch), assess, record, retries_replies=False
        )

    def _review(self, number: int, text: str) -> Attempt:
        plan, line = self._plan, self._plan.lines[number]
        terms = list_terms(plan.glossary, line.text, plan.target)
        return review(line, text, source=plan.source, target=plan.target, terms=terms)

    def _plan_revisions(self, lines: Iterable[Line]) -> list[Line]:
        """Choose what to ask for again, and count it as asked."""
        planned = (self._plan_revision(line.number) for line in lines if line.number in self._best)
        revisions = [line for line in planned if line is not None]
        for line in revisions:
            kinds = {problem.kind for problem in self._best[line.number].problems}
            self._length_tries[line.number] += "too_long" in kinds
            self._fact_tries[line.number] += bool(kinds - {"too_long"})
        return revisions

    def _plan_revision(self, number: int) -> Line | None:
        if not self._translator.follows_instructions:
            return None
        return plan_revision(
            self._plan.lines[number],
            self._best[number],
            length_tries=self._length_tries[number],
            fact_tries=self._fact_tries[number],
        )

    def _keep(self, number: int, *, is_final: bool) -> KeptTranslation:
        best = self._best[number]
        return KeptTranslation(best.text, list_flags(best), is_final)

    def _record(self, tx: UnitOfWork, numbers: Iterable[int], *, is_final: bool) -> None:
        """Keep the best of each line so far; it is final where nothing more would be tried."""
        for number in numbers:
            kept = self._keep(number, is_final=is_final or self._plan_revision(number) is None)
            tx.purchases.record_translation(
                self._plan.keys[number], kept, source=self._plan.source, target=self._plan.target
            )


def _leave_out_context(batch: Batch) -> Batch:
    """What was rejected may have been what is said around the lines."""
    return replace(batch, before=(), after=())
