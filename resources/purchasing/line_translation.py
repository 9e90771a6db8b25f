"""One batch of lines on its way: asked, checked, divided where the answer is of no use, mended where that helps."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dubbing.content_key import build_content_key
from dubbing.engines import Translator
from dubbing.errors import ContentRefusedError, DubbingError, VendorReplyError
from dubbing.glossary import Glossary, list_terms
from dubbing.translation_batches import Batch, Line, ReplyLine
from dubbing.translation_plan import ReplyVerdict, assess_reply, halve, plan_batches
from dubbing.translation_review import Attempt, choose_better, list_flags, plan_revision, review
from resources.database.connection import Database, UnitOfWork
from resources.database.purchases import KeptTranslation
from resources.purchasing.gate import VendorGate
from resources.purchasing.ledger import Call
from resources.purchasing.orders import Order

MAX_ASKS = 3
"""How often a single line is asked for whose answer is of no use, before it is given up."""


class LineTranslation:
    """The state of the lines of one batch.

    Args:
        lines: of the whole script: what is said around a line is taken from here.
        keys: content key by number.
        drafts: what an earlier attempt left unfinished, by content key.
    """

    def __init__(
        self,
        database: Database,
        gate: VendorGate,
        translator: Translator,
        order: Order,
        glossary: Glossary,
        lines: Sequence[Line],
        keys: Mapping[int, str],
        drafts: Mapping[str, KeptTranslation],
    ) -> None:
        self._database = database
        self._gate = gate
        self._translator = translator
        self._order = order
        self._glossary = glossary
        self._lines = {line.number: line for line in lines}
        self._script = {line.number: line.text for line in lines}
        self._keys = keys
        self._drafts = drafts
        self._best: dict[int, Attempt] = {}
        self._length_tries: dict[int, int] = {}
        self._fact_tries: dict[int, int] = {}
        self._lost: dict[int, DubbingError] = {}

    def run(self, batch: Batch) -> dict[int, DubbingError]:
        """Translate, keep what came, and return what could not be translated.

        Raises:
            VendorError: the vendor's, where it is not about single lines.
        """
        self._take_up_drafts(batch)
        fresh = [line for line in batch.lines if line.number not in self._best]
        for part in self._plan(fresh, batch) if len(fresh) < len(batch.lines) else (batch,):
            self._ask(part)
        while revisions := self._plan_revisions(batch):
            for part in self._plan(revisions, batch):
                self._ask(part)
        with self._database.transaction() as tx:
            self._record(tx, batch, [line.number for line in batch.lines if line.number in self._best], is_final=True)
        return self._lost

    def _take_up_drafts(self, batch: Batch) -> None:
        for line in batch.lines:
            if (draft := self._drafts.get(self._keys[line.number])) is not None:
                self._best[line.number] = self._review(batch, line.number, draft.text)

    def _ask(self, batch: Batch, asks: int = 1) -> None:
        """Ask once; where the answer is of no use, ask for less at a time."""
        error: DubbingError = VendorReplyError("The translator left out a line.")
        missing = [line.number for line in batch.lines]
        try:
            missing = list(self._buy(batch).missing)
        except (ContentRefusedError, VendorReplyError) as refused:
            error = refused
        lines = [line for line in batch.lines if line.number in missing and line.number not in self._best]
        if not lines:
            return
        if len(lines) < len(batch.lines):
            for part in self._plan(lines, batch):
                self._ask(part)
        elif len(lines) > 1:
            for half in halve(batch, self._script, self._glossary):
                self._ask(half)
        elif isinstance(error, ContentRefusedError) and (batch.before or batch.after):
            self._ask(replace(batch, before=(), after=()), asks)  # it may have been about what is said around it
        elif asks < MAX_ASKS and not isinstance(error, ContentRefusedError):
            self._ask(batch, asks + 1)
        else:
            self._lost[lines[0].number] = error

    def _buy(self, batch: Batch) -> ReplyVerdict:
        """Make one call, and keep what of its answer can be kept."""
        call = Call(
            vendor=self._translator.vendor,
            model=self._translator.model,
            operation="translate",
            engine=self._translator.name,
            content_key=build_content_key("translation_batch", keys=[self._keys[line.number] for line in batch.lines]),
            estimate=self._translator.estimate_usage(batch),
        )

        def assess(reply: Sequence[ReplyLine]) -> ReplyVerdict:
            verdict = assess_reply(batch, reply)
            for number, text in verdict.accepted.items():
                attempt = self._review(batch, number, text)
                best = self._best.get(number)
                self._best[number] = attempt if best is None else choose_better(best, attempt)
            return verdict

        def record(tx: UnitOfWork, verdict: ReplyVerdict) -> None:
            self._record(tx, batch, verdict.accepted, is_final=False)

        return self._gate.buy(
            self._order, call, lambda: self._translator.translate(batch), assess, record, retries_replies=False
        )

    def _review(self, batch: Batch, number: int, text: str) -> Attempt:
        line = self._lines[number]
        terms = list_terms(self._glossary, line.text, batch.target)
        return review(line, text, source=batch.source, target=batch.target, terms=terms)

    def _plan_revisions(self, batch: Batch) -> list[Line]:
        """Choose what to ask for again, and count it as asked."""
        planned = [
            (n, self._plan_revision(n)) for n in sorted(self._best) if n in {line.number for line in batch.lines}
        ]
        revisions = [line for _, line in planned if line is not None]
        for line in revisions:
            kinds = {problem.kind for problem in self._best[line.number].problems}
            self._length_tries[line.number] = self._length_tries.get(line.number, 0) + ("too_long" in kinds)
            self._fact_tries[line.number] = self._fact_tries.get(line.number, 0) + bool(kinds - {"too_long"})
        return revisions

    def _plan_revision(self, number: int) -> Line | None:
        if not self._translator.follows_instructions:
            return None
        return plan_revision(
            self._lines[number],
            self._best[number],
            length_tries=self._length_tries.get(number, 0),
            fact_tries=self._fact_tries.get(number, 0),
        )

    def _plan(self, lines: Sequence[Line], batch: Batch) -> tuple[Batch, ...]:
        return plan_batches(
            lines,
            self._script,
            source=batch.source,
            target=batch.target,
            max_lines=len(batch.lines),
            glossary=self._glossary,
        )

    def _record(
        self, tx: UnitOfWork, batch: Batch, numbers: Sequence[int] | Mapping[int, str], *, is_final: bool
    ) -> None:
        """Keep the best of each line so far; it is final where nothing more would be tried."""
        for number in numbers:
            best = self._best[number]
            kept = KeptTranslation(best.text, list_flags(best), is_final or self._plan_revision(number) is None)
            tx.purchases.record_translation(self._keys[number], kept, source=batch.source, target=batch.target)
