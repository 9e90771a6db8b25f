"""What a dub may cost: what is held follows what is known, and the work ends before it would cost more."""

import uuid

from sqlalchemy import select, update

from resources.database.money_tables import Balance, Hold
from resources.database.tables import DeadLetter, DubbingJob
from tests.integration.line.cloud import CloudLine
from tests.integration.line.conftest import USER


def get_hold(line: CloudLine, job_id: uuid.UUID) -> Hold:
    with line.container.database.transaction() as tx:
        return tx.session.scalars(select(Hold).where(Hold.job_id == job_id)).one()


def get_balance(line: CloudLine) -> tuple[int, int]:
    with line.container.database.transaction() as tx:
        mine = select(Balance.held_usd_micros, Balance.spent_usd_micros).where(Balance.user_id == USER)
        held, spent = tx.session.execute(mine).one()
        return held, spent


def bound(line: CloudLine, job_id: uuid.UUID, usd_micros: int) -> None:
    with line.container.database.transaction() as tx:
        job = update(DubbingJob).where(DubbingJob.id == job_id)
        tx.session.execute(job.values(max_spend_usd_micros=usd_micros))


def test_a_dub_holds_less_the_more_is_known_and_counts_what_it_came_to(line: CloudLine) -> None:
    job_id = line.submit("es", "pt-BR")
    held = [get_hold(line, job_id).held_usd_micros]
    for stage in ("transcript", "translation", "tts_audio"):
        assert line.run(job_id, [stage])
        held.append(get_hold(line, job_id).held_usd_micros)
    assert held[0] == held[1] > held[2] >= held[3]
    assert line.run(job_id, ["mixed_audio", "captions", "manifest"])
    assert line.container.budget.release_ended(line.container.database) == 1
    cost = sum(call.cost_usd_micros for call in line.calls(job_id))
    hold = get_hold(line, job_id)
    assert 0 < cost == hold.spent_usd_micros == hold.charged_usd_micros <= held[-1]
    assert get_balance(line) == (0, cost)


def test_a_dub_that_would_cost_more_than_it_may_stops_before_anything_is_read(line: CloudLine) -> None:
    job_id = line.submit("es", "pt-BR")
    assert line.run(job_id, ["transcript", "translation"])
    with line.container.database.transaction() as tx:
        said, texts = tx.values.load_transcript(job_id), tx.values.load_translations(job_id)
        lowest = line.container.estimator.estimate(
            tx,
            ["es", "pt-BR"],
            said.duration_ms,
            source=said.language,
            transcript=said.segments,
            translations={tag: {each.number: each.text for each in lines} for tag, lines in texts.items()},
        ).lowest_usd_micros
    bound(line, job_id, lowest - 1)
    assert not line.run(job_id, ["tts_audio"])
    assert set(line.states(job_id).values()) == {("failed", "spend_limit_reached")}
    assert line.calls(job_id, "synthesize") == []
    with line.container.database.transaction() as tx:
        letter = tx.session.scalars(select(DeadLetter).where(DeadLetter.job_id == job_id)).one()
        assert (letter.language, letter.stage, letter.error_code) == (None, "synthesizing", "spend_limit_reached")
    line.container.budget.release_ended(line.container.database)
    hold = get_hold(line, job_id)
    assert hold.spent_usd_micros == sum(call.cost_usd_micros for call in line.calls(job_id)) > 0
    assert hold.charged_usd_micros == 0  # nothing was delivered


def test_a_dub_that_runs_out_while_it_is_read_costs_no_more_than_it_may(line: CloudLine) -> None:
    job_id = line.submit("es", "pt-BR")
    assert line.run(job_id, ["transcript", "translation"])
    spent = sum(call.cost_usd_micros for call in line.calls(job_id))
    line.container.budget.sharpen = lambda *_: None  # type: ignore[method-assign]
    bound(line, job_id, spent + 1)
    assert not line.run(job_id, ["tts_audio"])
    assert set(line.states(job_id).values()) == {("failed", "spend_limit_reached")}
    assert sum(call.cost_usd_micros for call in line.calls(job_id)) <= spent + 1
