import pytest

from dubbing.glossary import parse_glossary
from dubbing.translation_batches import Batch, Line, ReplyLine, Term
from dubbing.translation_plan import assess_reply, clean_text, halve, plan_batches

SCRIPT = {number: f"line {number}" for number in range(1, 13)}
GLOSSARY = parse_glossary([{"term": "9", "keep": True}, {"term": "line", "translations": {"es": "línea"}}])


def plan(numbers: list[int], max_lines: int) -> tuple[Batch, ...]:
    lines = [Line(number, SCRIPT[number]) for number in numbers]
    return plan_batches(lines, SCRIPT, source="en", target="es", max_lines=max_lines, glossary=GLOSSARY)


def test_lines_are_sent_in_order_with_what_is_said_around_them() -> None:
    first, second = plan([9, 4, 5], 2)
    assert [line.number for line in first.lines] == [4, 5]
    assert first.before == ("line 1", "line 2", "line 3")
    assert first.after == ("line 6", "line 7", "line 8")
    assert second.before == ("line 6", "line 7", "line 8")
    assert second.after == ("line 10", "line 11", "line 12")


def test_a_batch_carries_the_terms_of_its_own_lines_only() -> None:
    first, second = plan([4, 5, 9], 2)
    assert first.glossary == (Term("line", "línea"),)
    assert second.glossary == (Term("9", "9"), Term("line", "línea"))


def test_halves_have_the_context_and_the_terms_of_their_own() -> None:
    (batch,) = plan([4, 8, 9], 8)
    first, second = halve(batch, SCRIPT, GLOSSARY)
    assert [line.number for line in (*first.lines, *second.lines)] == [4, 8, 9]
    assert first.after == ("line 9", "line 10", "line 11")
    assert second.before == ("line 6", "line 7", "line 8")
    assert Term("9", "9") not in first.glossary


def test_one_line_cannot_be_halved_and_a_line_cannot_stand_twice() -> None:
    with pytest.raises(ValueError, match="halved"):
        halve(plan([4], 8)[0], SCRIPT, GLOSSARY)
    with pytest.raises(ValueError, match="one batch"):
        plan([4, 4], 8)
    assert plan([], 8) == ()


def test_only_lines_that_were_asked_for_are_taken() -> None:
    verdict = assess_reply(plan([1, 2], 8)[0], [ReplyLine(2, "dos"), ReplyLine(3, "tres"), ReplyLine(3, "tres")])
    assert (dict(verdict.accepted), verdict.missing, verdict.foreign) == ({2: "dos"}, (1,), 2)


def test_a_number_answered_twice_is_taken_only_where_both_agree() -> None:
    reply = [ReplyLine(1, "uno"), ReplyLine(1, " uno\n"), ReplyLine(2, "dos"), ReplyLine(2, "tres")]
    verdict = assess_reply(plan([1, 2], 8)[0], reply)
    assert (dict(verdict.accepted), verdict.missing) == ({1: "uno"}, (2,))


@pytest.mark.parametrize("text", ["", " \n", "…", "\u200b", "\ud800", "x" * 125])
def test_an_answer_without_words_or_beyond_all_length_is_missing(text: str) -> None:
    assert assess_reply(plan([1], 8)[0], [ReplyLine(1, text)]).missing == (1,)


def test_a_source_without_words_may_stay_so() -> None:
    batch = Batch("en", "es", (Line(1, "…"),))
    assert assess_reply(batch, [ReplyLine(1, "…")]).accepted == {1: "…"}


def test_a_text_is_one_clean_line() -> None:
    assert clean_text("\ufeffHola,\x00\u2028 qué\ttal\x1b[0m \u202egato\u2069 \udfff") == "Hola, qué tal [0m gato"
    assert clean_text("ga\ud800to") == "gato"
    assert clean_text("می\u200cخواهم") == "می\u200cخواهم"
