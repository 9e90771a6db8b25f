"""Translated lines: each bought once, checked, mended where that helps, and kept with what is still wrong with it."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import as_completed

from dubbing.content_key import build_content_key
from dubbing.engines import Translator
from dubbing.errors import DubbingError
from dubbing.stages import TranslatedSegment
from dubbing.translation_batches import Batch, Line
from resources.database.connection import Database
from resources.database.purchases import KeptTranslation
from resources.purchasing.claims import Claims
from resources.purchasing.gate import VendorGate
from resources.purchasing.line_translation import LinePlan, LineTranslation, Outcome
from resources.purchasing.orders import Order
from resources.purchasing.scripts import LongLine, Script, ScriptPlanner
from resources.telemetry.context import ContextPool


class TranslatedLines:
    """Translations by content key."""

    def __init__(self, database: Database, gate: VendorGate, claims: Claims, translator: Translator) -> None:
        self._database = database
        self._gate = gate
        self._claims = claims
        self._translator = translator
        self._planner = ScriptPlanner(translator)

    def get(
        self, order: Order, script: Script, report: Callable[[float], None] = lambda share_done: None
    ) -> tuple[TranslatedSegment, ...]:
        """Return every line in the target language; only what was never translated before is sent.

        A line without words is its own translation, and so is what a person wrote. One that cannot be translated is
        given back in its own words, with the error.

        Of scripts that say the same, one is bought at a time, whatever their glossaries and slots: two jobs on one
        recording have most lines in common even where these differ, and whoever waited finds them bought. Scripts that
        differ in a text do not wait for each other; what they share may be bought twice at the same time, and the
        translation that was final first is kept for both.

        Args:
            report: called with the share that is done, 0-1.

        Raises:
            TranslationError, VendorError: not one line could be translated.
        """
        plan = self._planner.plan(script)
        outcomes = _choose_final(self._find(plan))
        if outcomes.keys() != set(plan.keys.values()):
            with self._claims.hold(self._name_claim(plan), order):
                outcomes = self._buy(order, plan, report)
        errors = [outcome for outcome in outcomes.values() if isinstance(outcome, DubbingError)]
        if errors and len(errors) == len(outcomes):
            raise errors[0]
        given = {number: script.fixed.get(number, line.text) for number, line in plan.lines.items()}
        return tuple(
            _assemble(line, outcomes[plan.keys[number]] if number in plan.keys else KeptTranslation(given[number]))
            for number, line in plan.lines.items()
        )

    def shorten(self, order: Order, script: Script, long: Sequence[LongLine]) -> Mapping[int, KeptTranslation]:
        """Return a shorter wording of lines, each asked for once; the one there is where no better one came.

        To be asked of a translator that follows instructions only.
        """
        plan = self._planner.plan_shorter(script, long)
        found = self._find(plan)
        if _choose_final(found).keys() != set(plan.keys.values()):
            with self._claims.hold(build_content_key("wordings", keys=sorted(set(plan.keys.values()))), order):
                self._buy_shorter(order, plan, long)
            found = self._find(plan)
        return {line.number: found.get(plan.keys[line.number]) or KeptTranslation(line.text) for line in long}

    def close(self, script: Script, long: Sequence[LongLine]) -> None:
        """Keep that these wordings stay: nothing shorter is asked for in a later run."""
        plan = self._planner.plan_shorter(script, long)
        with self._database.transaction() as tx:
            for line in long:
                kept = KeptTranslation(line.text, ("too_long",))
                tx.purchases.record_translation(
                    plan.keys[line.number], kept, source=script.source, target=script.target
                )

    def _buy_shorter(self, order: Order, plan: LinePlan, long: Sequence[LongLine]) -> None:
        found = self._find(plan)
        drafts = {plan.keys[line.number]: KeptTranslation(line.text, is_final=False) for line in long}
        first = {plan.keys[line.number]: plan.lines[line.number] for line in reversed(long)}
        wanted = [line for key, line in first.items() if key not in _choose_final(found)]
        mending = LineTranslation(
            self._database, self._gate, self._translator, order, plan, {**drafts, **found}, length_tries=1, fact_tries=0
        )
        self._run(mending, plan.plan_batches(wanted, self._translator.max_lines), lambda share_done: None)

    def _name_claim(self, plan: LinePlan) -> str:
        """Name what one buyer at a time works on: all that is said; see `get`."""
        texts = sorted({plan.lines[number].text for number in plan.keys})
        return build_content_key(
            "script", engine=self._translator.name, source=plan.source, target=plan.target, texts=texts
        )

    def _find(self, plan: LinePlan) -> Mapping[str, KeptTranslation]:
        with self._database.transaction() as tx:
            return tx.purchases.find_translations(set(plan.keys.values()))

    def _buy(self, order: Order, plan: LinePlan, report: Callable[[float], None]) -> dict[str, Outcome]:
        """Translate what is missing; the value is everything by content key."""
        found = self._find(plan)
        outcomes = _choose_final(found)
        # A text that is said twice is translated once, where it is said first.
        first = {plan.keys[number]: plan.lines[number] for number in sorted(plan.keys, reverse=True)}
        wanted = [line for key, line in first.items() if key not in outcomes]
        translation = LineTranslation(self._database, self._gate, self._translator, order, plan, found)
        bought = self._run(translation, plan.plan_batches(wanted, self._translator.max_lines), report)
        return outcomes | {plan.keys[number]: outcome for number, outcome in bought.items()}

    def _run(
        self, translation: LineTranslation, batches: Sequence[Batch], report: Callable[[float], None]
    ) -> dict[int, Outcome]:
        """Run batches, some at once; the first error ends the others."""
        bought: dict[int, Outcome] = {}
        with ContextPool(self._translator.max_parallel, "translation") as pool:
            running = [pool.submit(translation.run, batch) for batch in batches]
            try:
                for done, future in enumerate(as_completed(running), start=1):
                    bought |= future.result()
                    report(done / len(running))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return bought


def _choose_final(found: Mapping[str, KeptTranslation]) -> dict[str, Outcome]:
    return {key: kept for key, kept in found.items() if kept.is_final}


def _assemble(line: Line, outcome: Outcome) -> TranslatedSegment:
    if isinstance(outcome, DubbingError):
        return TranslatedSegment(line.number, line.text, error_code=outcome.code)
    return TranslatedSegment(line.number, outcome.text, outcome.flags)
