"""Lines translated by an engine that follows instructions, or does not, as a test scripts it."""

import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from dubbing.engines import Answer
from dubbing.errors import (
    ContentRefusedError,
    OutcomeUnknownError,
    VendorAuthError,
    VendorError,
    VendorQuotaError,
    VendorRejectedError,
    VendorReplyError,
)
from dubbing.glossary import Glossary, parse_glossary
from dubbing.jobs import WaitingOn
from dubbing.stages import TranslatedSegment
from dubbing.transcript import Segment
from dubbing.translation_batches import Batch, Line, ReplyLine
from dubbing.usage import Receipt, Usage
from resources.database.connection import Database
from resources.database.purchases import KeptTranslation
from resources.purchasing.advisory_locks import AdvisoryLocks
from resources.purchasing.claims import Claims
from resources.purchasing.orders import Order
from resources.purchasing.scripts import LongLine, Script
from resources.purchasing.translated_lines import TranslatedLines
from tests.integration.purchasing.shop import Pauses, Shop, StoppedError, run_all

SLOT_MS = 4_000
Respond = Callable[[Batch], Sequence[ReplyLine]]


def echo(batch: Batch) -> list[ReplyLine]:
    """The number of each line, said in Spanish."""
    return [ReplyLine(line.number, f"Esta es la línea {line.number}.") for line in batch.lines]


@dataclass
class ScriptedTranslator:
    """Says what the test wants said, and remembers what it was asked."""

    vendor: str
    respond: Respond = echo
    follows_instructions: bool = True
    max_lines: int = 4
    max_parallel: int = 2
    model: str = "model"
    name: str = field(default_factory=lambda: f"scripted-{uuid.uuid4()}")
    asked: list[Batch] = field(default_factory=list)

    def list_targets(self, source: str) -> tuple[str, ...]:
        return ("es",)

    def estimate_usage(self, batch: Batch) -> Usage:
        return {"characters": 100}

    def translate(self, batch: Batch) -> Answer[tuple[ReplyLine, ...]]:
        self.asked.append(batch)
        return Answer(tuple(self.respond(batch)), Receipt({"characters": 10}, uuid.uuid4().hex))


@dataclass
class Scene:
    """A script of some lines, and the way to its translations."""

    shop: Shop
    translator: ScriptedTranslator
    lines: TranslatedLines

    def get(
        self, *texts: str, glossary: Glossary = (), order: Order | None = None, **more: Any
    ) -> tuple[TranslatedSegment, ...]:
        script = replace(make_script(*texts), glossary=glossary, **more)
        return self.lines.get(order or self.shop.make_order(), script)

    def shorten(self, *long: LongLine) -> dict[int, KeptTranslation]:
        return dict(self.lines.shorten(self.shop.make_order(), make_script(*make_texts(40)), long))

    def list_asked(self) -> list[list[int]]:
        return [[line.number for line in batch.lines] for batch in self.translator.asked]


def make_script(*texts: str) -> Script:
    segments = [
        Segment(number, (number - 1) * SLOT_MS, number * SLOT_MS - 500, text)
        for number, text in enumerate(texts, start=1)
    ]
    return Script(segments, len(texts) * SLOT_MS, "en", "es")


@pytest.fixture
def scene(database: Database, shop: Shop) -> Scene:
    translator = ScriptedTranslator(shop.vendor)
    claims = Claims(AdvisoryLocks(database))
    return Scene(shop, translator, TranslatedLines(database, shop.gate, claims, translator))


def make_texts(count: int) -> list[str]:
    return [f"This is line {number}." for number in range(1, count + 1)]


def test_every_line_comes_back_in_order_and_is_bought_once(scene: Scene) -> None:
    lines = scene.get(*make_texts(10))
    assert [line.text for line in lines] == [f"Esta es la línea {number}." for number in range(1, 11)]
    assert sorted(scene.list_asked()) == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]
    assert scene.get(*make_texts(10)) == lines
    assert len(scene.translator.asked) == 3


def test_an_edited_line_is_bought_alone(scene: Scene) -> None:
    texts = make_texts(6)
    scene.get(*texts)
    scene.translator.asked.clear()
    scene.get(*texts[:2], "This was line 3.", *texts[3:])
    assert scene.list_asked() == [[3]]
    assert scene.translator.asked[0].before == (texts[0], texts[1])


def test_a_text_that_is_said_twice_is_bought_once(scene: Scene) -> None:
    lines = scene.get("This is line 1.", "And this is line 2.", "This is line 1.", "Here line 4 ends.")
    assert scene.list_asked() == [[1, 2, 4]]
    assert lines[2].text == lines[0].text


def test_two_threads_that_want_the_same_script_buy_it_once(scene: Scene) -> None:
    both = run_all([lambda: scene.get(*make_texts(8))] * 2)
    assert both[0] == both[1]
    assert len(scene.translator.asked) == 2


def test_two_jobs_that_differ_in_a_glossary_buy_the_lines_they_share_once(scene: Scene) -> None:
    one_waits = threading.Event()

    def answer_when_the_other_waits(batch: Batch) -> list[ReplyLine]:
        one_waits.wait(2)
        return [ReplyLine(line.number, f"Esta es la toma {line.number}.") for line in batch.lines]

    def get(glossary: Glossary) -> tuple[TranslatedSegment, ...]:
        order = scene.shop.make_order(Pauses(lasts=True, then=one_waits.set))
        return scene.get("This is take 1.", *make_texts(8)[1:], glossary=glossary, order=order)

    scene.translator.respond = answer_when_the_other_waits
    glossary = parse_glossary([{"term": "take", "translations": {"es": "toma"}}])
    with_glossary, without = run_all([lambda: get(glossary), lambda: get(())])
    assert with_glossary == without
    assert sorted(scene.list_asked()) == [[1], [1, 2, 3, 4], [5, 6, 7, 8]]


def test_of_two_scripts_that_share_a_text_the_translation_that_was_final_first_is_kept_for_both(scene: Scene) -> None:
    def let_another_be_first(batch: Batch) -> list[ReplyLine]:
        if "This is line 3." in (*batch.after, *batch.before):
            scene.get(*make_texts(2))
            return [ReplyLine(line.number, f"Otra vez la línea {line.number}.") for line in batch.lines]
        return echo(batch)

    scene.translator.max_lines, scene.translator.respond = 2, let_another_be_first
    lines = scene.get(*make_texts(3))
    assert lines[0].text == "Esta es la línea 1."
    assert scene.get(*make_texts(3)) == lines


def test_lines_without_words_are_their_own_translation_and_nothing_is_bought(scene: Scene) -> None:
    texts = ["♪ ♪", "…", "  "]
    assert scene.get(*texts) == tuple(TranslatedSegment(number, text) for number, text in enumerate(texts, start=1))
    assert scene.list_asked() == []
    assert scene.shop.list_calls() == []


def test_a_line_without_words_among_others_is_not_sent(scene: Scene) -> None:
    lines = scene.get("This is line 1.", "♪ ♪", "This is line 3.")
    assert [line.text for line in lines] == ["Esta es la línea 1.", "♪ ♪", "Esta es la línea 3."]
    assert scene.list_asked() == [[1, 3]]


def test_a_line_that_is_left_out_is_asked_for_again_and_the_others_are_not(scene: Scene) -> None:
    def leave_out(batch: Batch) -> list[ReplyLine]:
        return [line for line in echo(batch) if line.number != 3 or len(batch.lines) == 1]

    scene.translator.respond = leave_out
    lines = scene.get(*make_texts(4))
    assert [line.error_code for line in lines] == [None] * 4
    assert scene.list_asked() == [[1, 2, 3, 4], [3]]


def test_lines_that_are_found_again_are_counted_once_for_no_money(scene: Scene) -> None:
    events, saved = scene.shop.read_found_again("translate")
    scene.get(*make_texts(3))
    assert scene.shop.read_found_again("translate") == (events, saved)
    scene.get(*make_texts(5))  # two are found: the third was the last one and has less room now
    assert scene.shop.read_found_again("translate") == (events + 2, saved)
    scene.get(*make_texts(5))
    assert scene.shop.read_found_again("translate") == (events + 7, saved)


def test_an_answer_of_no_use_is_asked_for_in_halves(scene: Scene) -> None:
    def fail_on_many(batch: Batch) -> list[ReplyLine]:
        if len(batch.lines) > 1:
            raise VendorReplyError("No use.", receipt=Receipt({"characters": 10}, "req"))
        return echo(batch)

    scene.translator.respond = fail_on_many
    assert all(line.error_code is None for line in scene.get(*make_texts(4)))
    assert scene.list_asked() == [[1, 2, 3, 4], [1, 2], [1], [2], [3, 4], [3], [4]]
    assert sum(call.cost_usd_micros for call in scene.shop.list_calls()) == 7 * 300


def test_a_line_that_never_gets_a_useful_answer_is_given_up_and_its_words_stay(scene: Scene) -> None:
    def fail_on_two(batch: Batch) -> list[ReplyLine]:
        return [line for line in echo(batch) if line.number != 2]

    scene.translator.respond = fail_on_two
    lines = scene.get(*make_texts(3))
    assert [line.error_code for line in lines] == [None, "vendor_reply", None]
    assert lines[1].text == "This is line 2."
    assert scene.list_asked() == [[1, 2, 3], [2], [2], [2]]


def test_a_refused_line_is_asked_once_more_without_what_is_said_around_it(scene: Scene) -> None:
    def refuse(batch: Batch) -> list[ReplyLine]:
        if "This is line 2." in (*batch.before, *batch.after, *(line.text for line in batch.lines)):
            raise ContentRefusedError("No.", receipt=Receipt({"characters": 10}, "req"))
        return echo(batch)

    scene.translator.respond = refuse
    lines = scene.get(*make_texts(3))
    assert [line.error_code for line in lines] == [None, "content_refused", None]


def test_when_not_one_line_can_be_translated_the_error_is_raised(scene: Scene) -> None:
    def refuse(batch: Batch) -> list[ReplyLine]:
        raise ContentRefusedError("No.")

    scene.translator.respond = refuse
    with pytest.raises(ContentRefusedError):
        scene.get(*make_texts(2), "♪ ♪")


def reject_lines(*numbers: int) -> Respond:
    """Reject every request that says one of these lines, be it around those that are asked for."""
    texts = {f"This is line {number}." for number in numbers}

    def respond(batch: Batch) -> list[ReplyLine]:
        if texts & {*batch.before, *batch.after, *(line.text for line in batch.lines)}:
            raise VendorRejectedError("No.")
        return echo(batch)

    return respond


@pytest.mark.parametrize("number", range(1, 7))
def test_of_a_batch_that_is_rejected_only_the_line_it_is_about_is_lost(scene: Scene, number: int) -> None:
    scene.translator.respond = reject_lines(number)
    lines = scene.get(*make_texts(6))
    assert {line.number: line.error_code for line in lines if line.error_code} == {number: "vendor_rejected"}
    assert lines[number - 1].text == f"This is line {number}."


def test_where_everything_is_rejected_it_is_not_asked_for_line_by_line(scene: Scene) -> None:
    scene.translator.max_parallel, scene.translator.respond = 1, reject_lines(*range(1, 41))
    with pytest.raises(VendorRejectedError):
        scene.get(*make_texts(40))
    assert scene.list_asked() == [[1, 2, 3, 4], [1, 2], [3, 4]]


def test_two_lines_that_are_rejected_in_one_batch_lose_no_language_that_the_vendor_does_translate(scene: Scene) -> None:
    scene.get(*make_texts(2), *(f"That was line {number}." for number in range(3, 7)))
    scene.translator.asked.clear()
    scene.translator.respond = reject_lines(3, 6)
    lines = scene.get(*make_texts(6))
    assert scene.list_asked()[:3] == [[3, 4, 5, 6], [3, 4], [5, 6]]
    assert [line.number for line in lines if line.error_code] == [3, 6]


def test_an_error_that_is_not_about_lines_ends_the_language_and_keeps_what_was_bought(scene: Scene) -> None:
    def fail_later(batch: Batch) -> list[ReplyLine]:
        if batch.lines[0].number > 1:
            raise VendorAuthError("No key.")
        return echo(batch)

    scene.translator.max_parallel, scene.translator.respond = 1, fail_later
    with pytest.raises(VendorAuthError):
        scene.get(*make_texts(8))
    scene.translator.respond = echo
    scene.translator.asked.clear()
    scene.get(*make_texts(8))
    assert scene.list_asked() == [[5, 6, 7, 8]]


LONG, SHORTER, FITTING = "Muy larga " * 12 + "1.", "Bastante larga " * 5 + "1.", "Corta 1."


def say_it_shorter(batch: Batch) -> list[ReplyLine]:
    """One step shorter each time it is asked."""
    steps = {None: LONG, LONG: SHORTER, SHORTER: FITTING}
    return [ReplyLine(line.number, steps[line.previous]) for line in batch.lines]


def test_a_line_that_is_too_long_is_asked_for_shorter_until_it_fits(scene: Scene) -> None:
    scene.translator.respond = say_it_shorter
    (line,) = scene.get("This is line 1.")
    assert (line.text, line.flags) == (FITTING, ())
    problems = [batch.lines[0].problem for batch in scene.translator.asked]
    assert problems[0] is None
    assert all("at most" in str(problem) for problem in problems[1:])
    assert len(problems) == 3


def test_a_line_that_stays_too_long_is_asked_for_three_times_more_and_flagged(scene: Scene) -> None:
    scene.translator.respond = lambda batch: [ReplyLine(line.number, LONG) for line in batch.lines]
    (line,) = scene.get("This is line 1.")
    assert line.flags == ("too_long",)
    assert len(scene.translator.asked) == 4
    scene.get("This is line 1.")
    assert len(scene.translator.asked) == 4


def test_a_number_that_was_lost_is_asked_for_once_and_flagged_if_it_stays_lost(scene: Scene) -> None:
    scene.translator.respond = lambda batch: [ReplyLine(line.number, "Vendimos 40 coches.") for line in batch.lines]
    (line,) = scene.get("We sold 12 cars.")
    assert line.flags == ("number",)
    assert [bool(batch.lines[0].problem) for batch in scene.translator.asked] == [False, True]


def test_a_mended_line_is_kept_without_a_flag(scene: Scene) -> None:
    def mend(batch: Batch) -> list[ReplyLine]:
        count = 12 if batch.lines[0].problem else 40
        return [ReplyLine(line.number, f"Vendimos {count} coches.") for line in batch.lines]

    scene.translator.respond = mend
    assert scene.get("We sold 12 cars.")[0] == TranslatedSegment(1, "Vendimos 12 coches.")


@pytest.mark.parametrize(
    ("error", "calls", "later_calls"),
    [
        (VendorAuthError("No."), 2, 3),
        (VendorQuotaError("No."), 2, 3),
        (VendorRejectedError("No."), 2, 2),
        (ContentRefusedError("No."), 2, 2),
        (OutcomeUnknownError("No."), 5, 9),
    ],
    ids=lambda value: getattr(value, "code", None),
)
def test_a_fault_of_the_vendor_while_lines_are_mended_ends_the_mending_and_loses_nothing(
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: VendorError,
    calls: int,
    later_calls: int,
) -> None:
    """A later run goes on where the vendor did not answer; what it refused it would refuse again."""
    monkeypatch.setattr("dubbing.circuits.THRESHOLD", 1000)  # nothing is parked

    def fail_to_mend(batch: Batch) -> list[ReplyLine]:
        if batch.lines[0].previous:
            raise error
        return [ReplyLine(line.number, LONG) for line in batch.lines]

    scene.translator.respond = fail_to_mend
    with caplog.at_level(logging.WARNING, "resources.purchasing.line_translation"):
        (line,) = scene.get("This is line 1.")
    assert line == TranslatedSegment(1, LONG, ("too_long",))
    assert [record.getMessage() for record in caplog.records] == [f"es did not mend 1 lines: {error.code}"]
    assert len(scene.translator.asked) == calls
    assert scene.get("This is line 1.") == (line,)
    assert len(scene.translator.asked) == later_calls


def test_a_mended_wording_that_cannot_be_used_is_asked_for_again(scene: Scene) -> None:
    def fail_once(batch: Batch) -> list[ReplyLine]:
        if len(scene.translator.asked) == 2:
            raise VendorReplyError("No use.")
        return [ReplyLine(line.number, FITTING if line.previous else LONG) for line in batch.lines]

    scene.translator.respond = fail_once
    assert scene.get("This is line 1.") == (TranslatedSegment(1, FITTING),)


def test_an_engine_that_heeds_no_instructions_is_asked_once_and_its_lines_are_flagged(scene: Scene) -> None:
    scene.translator.follows_instructions = False
    scene.translator.respond = lambda batch: [ReplyLine(line.number, "Vendimos 40 coches.") for line in batch.lines]
    assert scene.get("We sold 12 cars.")[0].flags == ("number",)
    assert len(scene.translator.asked) == 1
    assert scene.translator.asked[0].lines == (Line(1, "We sold 12 cars."),)


def test_a_glossary_goes_into_the_question_and_makes_it_another_purchase(scene: Scene) -> None:
    scene.get("We made a take.", "This is line 2.")
    scene.translator.asked.clear()
    glossary = parse_glossary([{"term": "take", "translations": {"es": "toma"}}])
    scene.translator.respond = lambda batch: [ReplyLine(line.number, "Hicimos una toma.") for line in batch.lines]
    lines = scene.get("We made a take.", "This is line 2.", glossary=glossary)
    assert scene.list_asked() == [[1]]
    assert [term.wanted for term in scene.translator.asked[0].glossary] == ["toma"]
    assert lines[0].flags == ()


def test_what_was_to_be_mended_when_the_work_ended_is_mended_and_not_bought_anew(scene: Scene) -> None:
    ending = False

    def pause(waiting_on: WaitingOn | None, seconds: float) -> None:
        if ending:
            raise StoppedError

    def end_at_the_second_question(batch: Batch) -> list[ReplyLine]:
        if batch.lines[0].previous:
            raise StoppedError
        return say_it_shorter(batch)

    scene.translator.respond = end_at_the_second_question
    with pytest.raises(StoppedError):
        scene.get("This is line 1.", order=Order(scene.shop.job_id, "es", pause))
    scene.translator.respond = say_it_shorter
    scene.translator.asked.clear()
    (line,) = scene.get("This is line 1.")
    assert line.text == FITTING
    assert [batch.lines[0].previous for batch in scene.translator.asked] == [LONG, SHORTER]


def test_a_final_translation_is_never_replaced(database: Database) -> None:
    key = uuid.uuid4().hex
    with database.transaction() as tx:
        tx.purchases.record_translation(key, KeptTranslation("draft", is_final=False), source="en", target="es")
        tx.purchases.record_translation(key, KeptTranslation("final", ("number",)), source="en", target="es")
        tx.purchases.record_translation(key, KeptTranslation("late"), source="en", target="es")
        assert tx.purchases.find_translations([key])[key] == KeptTranslation("final", ("number",))


def test_a_rate_that_was_learned_moves_the_budget_and_buys_nothing_anew(scene: Scene) -> None:
    lines = scene.get(*make_texts(2))
    assert [line.max_characters for line in scene.translator.asked[0].lines] == [59, 60]
    assert scene.get(*make_texts(2), cps=9.0) == lines
    assert len(scene.translator.asked) == 1
    scene.get("Nobody has said this.", "Nor has anybody said that.", cps=9.0)
    assert [line.max_characters for line in scene.translator.asked[1].lines] == [35, 36]


def test_what_a_person_wrote_is_neither_sent_nor_judged(scene: Scene) -> None:
    lines = scene.get("We sold 12 cars.", "This is line 2.", fixed={1: "Vendimos 40 coches. " * 9})
    assert lines[0] == TranslatedSegment(1, "Vendimos 40 coches. " * 9)
    assert scene.list_asked() == [[2]]


def test_a_script_that_people_wrote_is_not_sent_at_all(scene: Scene) -> None:
    assert [line.text for line in scene.get("This is line 1.", fixed={1: "Uno."})] == ["Uno."]
    assert scene.list_asked() == []


def test_a_reading_that_is_too_long_is_said_shorter_with_one_question_and_found_again(scene: Scene) -> None:
    scene.translator.respond = lambda batch: [ReplyLine(line.number, FITTING) for line in batch.lines]
    long = LongLine(2, LONG, 20)
    assert scene.shorten(long)[2].text == FITTING
    (asked,) = scene.translator.asked[0].lines
    assert (asked.number, asked.max_characters, asked.previous) == (2, 20, LONG)
    assert asked.problem
    assert scene.shorten(replace(long, max_characters=25))[2].text == FITTING
    assert len(scene.translator.asked) == 1


def test_a_wording_that_is_no_shorter_or_loses_a_fact_leaves_what_there_is(scene: Scene) -> None:
    said = "Esta es la línea número 40, " + "muy larga " * 9
    for answer in (said + "y más.", "Corta."):
        scene.translator.name = str(uuid.uuid4())
        scene.translator.respond = lambda batch, answer=answer: [ReplyLine(40, answer)]  # type: ignore[misc]
        assert scene.shorten(LongLine(40, said, 20))[40].text == said
    assert len(scene.translator.asked) == 2


def test_a_vendor_that_is_down_while_a_line_is_said_shorter_is_asked_again_in_a_later_run(scene: Scene) -> None:
    def fail(batch: Batch) -> list[ReplyLine]:
        raise VendorQuotaError("No.")

    scene.translator.respond = fail
    long = LongLine(2, LONG, 20)
    assert scene.shorten(long)[2].text == LONG
    scene.translator.respond = lambda batch: [ReplyLine(line.number, FITTING) for line in batch.lines]
    assert scene.shorten(long)[2].text == FITTING


def test_a_wording_that_was_closed_is_not_asked_about_any_more(scene: Scene) -> None:
    long = LongLine(1, LONG, 20)
    scene.lines.close(make_script(*make_texts(40)), [long])
    assert scene.shorten(long)[1].text == LONG
    assert scene.translator.asked == []
