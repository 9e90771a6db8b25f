from collections import Counter
from itertools import pairwise

import pytest

from dubbing import hearing
from dubbing.hearing import GAP_MS, SAMPLE_MS, assess_hearing, plan_cuts
from dubbing.stages import VoicedSegment
from dubbing.transcript import Word


def build_lines(count, duration_ms, *, step_ms=None):
    step_ms = step_ms or duration_ms + 100
    return [
        VoicedSegment(n, f"línea {n}", "v", take_key=f"k{n}", start_ms=n * step_ms, duration_ms=duration_ms)
        for n in range(1, count + 1)
    ]


def say(cut, text):
    """The words of a text, spread over a cut."""
    words = text.split()
    step_ms = (cut.end_ms - cut.start_ms) // max(1, len(words))
    return [Word(word, cut.at_ms + n * step_ms, cut.at_ms + (n + 1) * step_ms) for n, word in enumerate(words)]


def test_a_short_dub_is_heard_whole():
    assert [cut.text for cut in plan_cuts(build_lines(5, 3_000), "sample")] == [f"línea {n}" for n in range(1, 6)]


def test_of_a_long_dub_a_minute_is_heard_from_its_beginning_to_its_end():
    lines = build_lines(1_000, 5_000)
    cuts = plan_cuts(lines, "sample")
    assert sum(cut.end_ms - cut.start_ms for cut in cuts) == SAMPLE_MS
    distances_ms = [b.start_ms - a.start_ms for a, b in pairwise(cuts)]
    assert max(distances_ms) - min(distances_ms) <= 5_100
    assert cuts[0].start_ms < lines[-1].start_ms / 12
    assert cuts[-1].end_ms > lines[-1].start_ms * 11 / 12


def test_all_lines_are_heard_when_that_is_asked_for():
    assert len(plan_cuts(build_lines(1_000, 5_000), "all")) == 1_000


def test_one_endless_line_is_heard_all_the_same():
    assert len(plan_cuts(build_lines(3, 2 * SAMPLE_MS), "sample")) == 1


def test_lines_that_speak_at_once_are_not_heard():
    both = build_lines(4, 3_000, step_ms=2_000)
    alone = VoicedSegment(9, "sola", "v", take_key="k", start_ms=60_000, duration_ms=1_000)
    assert [cut.text for cut in plan_cuts([*both, alone], "all")] == ["sola"]


def test_lines_without_a_take_are_not_heard():
    lines = [
        VoicedSegment(1, "uno", "v", error_code="synthesis_failed"),
        VoicedSegment(2, "dos", "v", is_original=True, duration_ms=900),
    ]
    assert plan_cuts(lines, "sample") == ()


def test_cuts_follow_one_another_with_silence_between():
    first, second = plan_cuts(build_lines(2, 3_000), "sample")
    assert (first.at_ms, second.at_ms) == (GAP_MS, GAP_MS + 3_000 + GAP_MS)


def test_what_is_heard_as_it_is_said_has_no_errors():
    cuts = plan_cuts(build_lines(30, 5_000), "all")
    words = [word for cut in cuts for word in say(cut, cut.text)]
    heard = assess_hearing(cuts, words, "es")
    assert (heard.lines, heard.errors.words, heard.errors.errors, heard.missing_numbers) == (30, 60, 0, 0)


def test_a_word_that_is_heard_otherwise_is_an_error_and_a_line_that_is_not_heard_all_of_them():
    cuts = plan_cuts(build_lines(3, 3_000), "all")
    words = [*say(cuts[0], "línea 1"), *say(cuts[1], "luna 2")]
    assert assess_hearing(cuts, words, "es").errors.errors == 3


@pytest.mark.parametrize(
    ("heard", "missing"), [("costó quince euros", 0), ("costó 15 euros", 0), ("costó cincuenta euros", 1)]
)
def test_a_number_counts_in_words_and_in_digits_and_is_missed_when_it_is_another(heard, missing):
    [cut] = plan_cuts([VoicedSegment(1, "Costó quince euros.", "v", take_key="k", duration_ms=3_000)], "all")
    assert assess_hearing([cut], say(cut, heard), "es").missing_numbers == missing


def test_a_number_that_is_written_down_in_parts_was_heard():
    [cut] = plan_cuts([VoicedSegment(1, "Custa vinte e três reais.", "v", take_key="k", duration_ms=3_000)], "all")
    assert assess_hearing([cut], say(cut, "custa 20 e 3 reais"), "pt-BR").missing_numbers == 0
    assert assess_hearing([cut], say(cut, "custa 20 e 4 reais"), "pt-BR").missing_numbers == 1


def test_hearing_nothing_at_all_gets_every_word_wrong():
    heard = assess_hearing(plan_cuts(build_lines(3, 3_000), "all"), (), "es")
    assert (heard.lines, heard.errors.rate, heard.errors.words) == (3, 1.0, 6)


def test_of_many_lines_few_words_are_looked_at_for_each(monkeypatch):
    looks = Counter()
    find_middle = hearing._find_middle
    monkeypatch.setattr(hearing, "_find_middle", lambda word: looks.update(all=1) or find_middle(word))
    cuts = plan_cuts(build_lines(400, 3_000), "all")
    words = [word for cut in cuts for word in say(cut, cut.text)]
    assert assess_hearing(cuts, words, "es").errors.errors == 0
    assert looks["all"] < 50 * len(words)
