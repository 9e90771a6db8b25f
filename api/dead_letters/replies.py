"""From letters, and what became of them, to the bodies that operators read."""

from api.dead_letters.schemas import LetterReply, PlanReply, PurchaseReply, ReplayReply
from api.schemas import ProblemSummary
from dubbing.replaying import ReplayPlan
from resources.database.tables import DeadLetter, LetterState
from resources.replaying.replayer import Outcome, list_languages


def build_letter_reply(letter: DeadLetter) -> LetterReply:
    """Describe a letter."""
    return LetterReply(
        id=letter.id,
        job_id=letter.job_id,
        languages=list(list_languages(letter)),
        language=letter.language,
        segment_number=letter.segment_number,
        stage=letter.stage,
        error=ProblemSummary(code=letter.error_code, message=letter.message, retryable=letter.retryable),
        vendor=letter.snapshot.get("vendor"),
        vendor_words=letter.vendor_words,
        attempts=letter.attempts,
        state=LetterState(letter.state),
        replay_attempt=letter.snapshot.get("replay_attempt"),
        run_id=letter.run_id,
        spent_usd_micros=letter.spent_usd_micros,
        snapshot=letter.snapshot,
        first_at=letter.first_at,
        last_at=letter.last_at,
    )


def build_replay_reply(outcome: Outcome) -> ReplayReply:
    """Describe what became of a wish to replay."""
    error = outcome.error
    return ReplayReply(
        letter_id=outcome.letter_id,
        attempt=outcome.attempt,
        is_begun=outcome.is_begun,
        plan=_build_plan_reply(outcome.plan) if outcome.plan is not None else None,
        error=ProblemSummary(code=error.code, message=error.message, retryable=error.retryable) if error else None,
    )


def _build_plan_reply(plan: ReplayPlan) -> PlanReply:
    return PlanReply(
        languages=list(plan.languages),
        purchases=[
            PurchaseReply(
                operation=each.operation,
                vendor=each.vendor,
                model=each.model,
                language=each.language,
                lines=each.lines,
                usd_micros=each.usd_micros,
                at_most_usd_micros=each.at_most_usd_micros,
            )
            for each in plan.purchases
        ],
        usd_micros=plan.usd_micros,
        at_most_usd_micros=plan.at_most_usd_micros,
        unpriced=list(plan.unpriced),
    )
