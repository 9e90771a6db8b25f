from dubbing.translation_batches import Line, Term
from dubbing.translation_review import Attempt, Problem, choose_better, list_flags, plan_revision, review

LINE = Line(3, "Twelve people do not agree.", max_characters=30)


def look_over(text: str, line: Line = LINE, *, target: str = "es", terms: tuple[Term, ...] = ()) -> Attempt:
    return review(line, text, source="en", target=target, terms=terms)


def test_a_good_line_needs_nothing() -> None:
    attempt = look_over("Doce personas no lo aceptan.")
    assert list_flags(attempt) == ()
    assert plan_revision(LINE, attempt, length_tries=0, fact_tries=0) is None


def test_the_translator_is_told_all_that_is_wrong() -> None:
    attempt = look_over("Veintiuna personas están plenamente de acuerdo.")
    revision = plan_revision(LINE, attempt, length_tries=0, fact_tries=0)
    assert revision is not None
    assert (revision.number, revision.previous) == (3, attempt.text)
    assert revision.problem == (
        "Keep the number twelve. Keep the negation (do not). Say it in at most 30 characters; this has 47."
    )
    assert list_flags(attempt) == ("number", "negation", "too_long")


def test_length_is_mended_three_times_and_facts_once() -> None:
    long, wrong = Attempt("x" * 40, (Problem("too_long", "a"),)), Attempt("x", (Problem("number", "b"),))
    both = Attempt("x" * 40, long.problems + wrong.problems)
    asked = [
        (plan_revision(LINE, attempt, length_tries=length, fact_tries=facts) is not None)
        for attempt, length, facts in [
            (long, 2, 9),
            (long, 3, 0),
            (wrong, 9, 0),
            (wrong, 0, 1),
            (both, 3, 1),
            (both, 2, 1),
        ]
    ]
    assert asked == [True, False, True, False, False, True]


def test_the_better_attempt_has_more_facts_then_fits_then_is_shorter() -> None:
    fine = Attempt("x" * 30)
    long, longer = Attempt("y" * 40, (Problem("too_long", ""),)), Attempt("z" * 50, (Problem("too_long", ""),))
    wrong = Attempt("w", (Problem("number", ""),))
    worst = Attempt("v", (Problem("untranslated", ""),))
    order = [fine, long, longer, wrong, worst]
    for place, better in enumerate(order):
        for other in order[place:]:
            assert choose_better(better, other) is better
            assert other is better or choose_better(other, better) is better
    assert choose_better(fine, Attempt("x")) is fine


def test_the_source_itself_is_no_translation() -> None:
    assert list_flags(look_over("Twelve people DO not agree", LINE)) == ("untranslated",)
    assert "untranslated" not in list_flags(look_over("Twelve people do not agree.", LINE, target="en-GB"))
    assert "untranslated" not in list_flags(look_over("Taxi, hotel, bar!", Line(1, "Taxi, hotel, bar!")))
    assert "untranslated" not in list_flags(
        look_over("Anna Karenina Leo Tolstoi", Line(1, "Anna Karenina, Leo Tolstoi"))
    )


def test_terms_that_are_kept_may_make_up_a_whole_line() -> None:
    kept = (Term("to be or not to be", "to be or not to be"),)
    line = Line(1, "To be, or not to be")
    assert "untranslated" in list_flags(look_over("To be, or not to be", line))
    line = Line(1, "To be or not to be!")
    assert list_flags(look_over("To be or not to be!", line, terms=kept)) == ()


def test_a_line_of_another_script_that_comes_back_is_untranslated() -> None:
    line = Line(1, "我们明天再见")
    assert list_flags(review(line, "我们明天再见", source="zh", target="en")) == ("untranslated",)
