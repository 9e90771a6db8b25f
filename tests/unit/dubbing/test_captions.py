from itertools import pairwise

import pytest

from dubbing.caption_pieces import CaptionLine
from dubbing.captions import CaptionViolation, Cue, check_cues, plan_cues

DECISION = (
    "Não sei, mas acho que a gente devia conversar com o diretor antes de tomar qualquer decisão sobre o orçamento."
)


def speak(*texts, cps=15, gap_ms=50, start_ms=1000):
    """Takes of a steady voice, one after the other."""
    lines = []
    for text in texts:
        end_ms = start_ms + round(len(text) * 1000 / cps)
        lines.append(CaptionLine(text, start_ms, end_ms))
        start_ms = end_ms + gap_ms
    return lines


def test_no_lines_make_no_cues():
    assert plan_cues([], language="en") == ()
    assert plan_cues([CaptionLine(" ", 0, 1000)], language="en") == ()


def test_a_cue_comes_in_with_its_audio_and_goes_with_it():
    lines = [CaptionLine("Nobody was at home.", 2000, 3500)]
    assert plan_cues(lines, language="en") == (Cue(2000, 3500, ("Nobody was at home.",)),)


def test_an_interjection_stays_for_five_sixths_of_a_second_where_silence_follows():
    assert plan_cues([CaptionLine("Sim.", 1000, 1300)], language="pt-BR") == (Cue(1000, 1833, ("Sim.",)),)


def test_a_fast_cue_is_extended_into_silence_until_it_reads_at_17_cps():
    cues = plan_cues([CaptionLine("x" * 34, 0, 2000), CaptionLine("y" * 34, 2100, 3000)], language="en")
    assert cues[-1].end_ms == 2100 + 2000


def test_an_extension_stops_two_frames_before_the_next_cue():
    first, second = plan_cues([CaptionLine("x" * 34, 0, 1900), CaptionLine("y" * 30, 1950, 5000)], language="en")
    assert (first.end_ms, second.start_ms) == (1867, 1950)


def test_neighbours_without_room_share_a_cue():
    assert plan_cues(speak("Claro!", "Pois é."), language="pt-BR") == (Cue(1000, 1917, ("Claro! Pois é.",)),)


def test_an_interjection_before_a_long_take_shares_its_first_cue():
    cues = plan_cues(speak("Sim.", DECISION), language="pt-BR")
    assert cues[0].lines[0].startswith("Sim. Não sei")
    assert check_cues(cues, "pt-BR") == ()


def test_neighbours_with_room_keep_their_own_cues():
    cues = plan_cues(speak("Claro!", "Pois é.", gap_ms=600), language="pt-BR")
    assert [cue.lines for cue in cues] == [("Claro!",), ("Pois é.",)]


def test_text_for_more_than_two_lines_becomes_more_cues_with_time_in_proportion():
    cues = plan_cues(speak(DECISION), language="pt-BR")
    assert [cue.lines for cue in cues] == [
        ("Não sei, mas acho que a gente", "devia conversar com o diretor"),
        ("antes de tomar qualquer decisão", "sobre o orçamento."),
    ]
    assert cues[1].start_ms == pytest.approx(1000 + DECISION.index("antes") * 1000 / 15, abs=2)


def test_a_line_that_fits_is_not_broken():
    (cue,) = plan_cues(speak("x" * 20 + " " + "y" * 21), language="en")
    assert len(cue.lines) == 1


def test_a_line_is_broken_after_punctuation_rather_than_in_the_middle():
    (cue,) = plan_cues(speak("We never saw him again, but the letters kept coming."), language="en")
    assert cue.lines == ("We never saw him again,", "but the letters kept coming.")


def test_no_word_is_left_alone_on_a_line():
    (cue,) = plan_cues(speak("Unfortunately, the committee did not agree with it."), language="en")
    assert cue.lines == ("Unfortunately, the committee", "did not agree with it.")


def test_no_word_is_left_alone_in_a_cue():
    text = "Unfortunately. The whole committee did not agree with the very last proposal of that morning."
    cues = plan_cues(speak(text, cps=12), language="en")
    assert len(cues) == 2
    assert cues[0].lines[0].startswith("Unfortunately. The")


def test_a_cue_longer_than_seven_seconds_is_split_even_if_its_text_would_fit():
    cues = plan_cues([CaptionLine("slowly " * 4, 0, 12_000)], language="en")
    assert len(cues) == 2
    assert check_cues(cues, "en") == ()


def test_a_single_word_held_longer_leaves_the_screen_after_seven_seconds():
    assert plan_cues([CaptionLine("Goooal!", 0, 12_000)], language="en") == (Cue(0, 7000, ("Goooal!",)),)


def test_chinese_lines_hold_sixteen_characters():
    cues = plan_cues(speak("我们今天来谈谈人工智能的发展历史，以及它对社会的影响。好吗？", cps=6), language="zh")
    assert max(len(line) for cue in cues for line in cue.lines) <= 16
    assert check_cues(cues, "zh") == ()


def test_a_compound_wider_than_a_line_is_carried_over_and_not_cut():
    word = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen"
    cues = plan_cues([CaptionLine(word, 0, 5000)], language="de")
    assert "".join(line for cue in cues for line in cue.lines) == word
    assert check_cues(cues, "de") == ()


def test_a_take_spoken_too_fast_keeps_its_text_and_is_reported():
    lines = speak("Fast and faster and faster still.", "And so on and on and on.", cps=30)
    cues = plan_cues(lines, language="en")
    shown = " ".join(line for cue in cues for line in cue.lines)
    assert shown == " ".join(line.text for line in lines)
    assert {violation.rule for violation in check_cues(cues, "en")} <= {"reading_speed"}


def test_takes_too_short_for_any_cue_still_show_all_their_text_in_order():
    cues = plan_cues([CaptionLine("word " * 20_000, 0, 3), CaptionLine("end", 3, 4)], language="en")
    shown = " ".join(line for cue in cues for line in cue.lines).split()
    assert shown == ["word"] * 20_000 + ["end"]
    assert all(a.end_ms <= b.start_ms for a, b in pairwise(cues))


@pytest.mark.parametrize(
    "lines",
    [
        [CaptionLine("a", 0, 0)],
        [CaptionLine("a", 1000, 2000), CaptionLine("b", 0, 500)],
    ],
)
def test_lines_without_time_or_order_are_refused(lines):
    with pytest.raises(ValueError, match="in order"):
        plan_cues(lines, language="en")


def test_each_breach_is_reported_with_its_figures():
    cues = [
        Cue(0, 800, ("short",)),
        Cue(850, 9000, ("a", "b", "c")),
        Cue(10_000, 11_000, ("x" * 43,)),
        Cue(20_000, 21_000, ("fine",)),
    ]
    assert check_cues(cues, "en") == (
        CaptionViolation(1, "min_duration", 800, 833),
        CaptionViolation(1, "gap", 50, 83),
        CaptionViolation(2, "line_count", 3, 2),
        CaptionViolation(2, "max_duration", 8150, 7000),
        CaptionViolation(3, "line_length", 43, 42),
        CaptionViolation(3, "reading_speed", 43.0, 20),
    )


def test_the_limits_themselves_are_no_breach():
    assert check_cues([Cue(0, 833, ("x" * 16,)), Cue(916, 7916, ("x" * 42, "x" * 42))], "en") == ()


def test_two_speakers_in_one_cue_have_a_line_and_a_hyphen_each():
    lines = [CaptionLine("Claro!", 1000, 1400, "ana"), CaptionLine("Pois é.", 1450, 1917, "rui")]
    assert plan_cues(lines, language="pt-BR") == (Cue(1000, 1942, ("-Claro!", "-Pois é.")),)


def test_a_speaker_alone_in_a_cue_has_no_hyphen():
    lines = [CaptionLine("Claro!", 1000, 1400, "ana"), CaptionLine("Pois é.", 3000, 3500, "rui")]
    assert [cue.lines for cue in plan_cues(lines, language="pt-BR")] == [("Claro!",), ("Pois é.",)]


def test_what_two_say_at_the_same_time_shares_a_cue():
    lines = [CaptionLine("I never said that to her.", 0, 2500, "1"), CaptionLine("You did!", 1000, 2000, "2")]
    (cue,) = plan_cues(lines, language="en")
    assert cue == Cue(0, 2500, ("-I never said that to her.", "-You did!"))


def test_lines_that_overlap_a_little_follow_each_other():
    lines = [
        CaptionLine("I never said that to her.", 0, 2500, "1"),
        CaptionLine("You did! I heard it.", 2300, 4500, "2"),
    ]
    first, second = plan_cues(lines, language="en")
    assert (first.lines, second.lines) == (("I never said that to her.",), ("You did! I heard it.",))
    assert 2300 <= second.start_ms <= 2500
    assert check_cues((first, second), "en") == ()


def test_what_does_not_fit_beside_another_follows_it():
    answer = "Pois é, mas o diretor nunca está cá quando a gente mais precisa dele."
    cues = plan_cues([CaptionLine(DECISION, 0, 7000, "1"), CaptionLine(answer, 6000, 11_000, "2")], language="pt-BR")
    assert " ".join(cues[-1].lines) == answer
    assert " ".join(line for cue in cues[:-1] for line in cue.lines) == DECISION
    assert check_cues(cues, "pt-BR") == ()


def test_a_word_thrown_in_is_shown_between_the_sentences_it_was_said_between():
    text = "We walked along the river that night. Then it began to rain and everybody ran back to the house."
    cues = plan_cues([CaptionLine(text, 0, 7000, "1"), CaptionLine("Oh no!", 2000, 2600, "2")], language="en")
    assert cues[0].lines == ("-We walked along the river that night.", "-Oh no!")
    assert " ".join(cues[1].lines).startswith("Then it began")
    assert check_cues(cues, "en") == ()


def test_three_at_once_are_all_shown_and_the_breach_is_reported():
    lines = [CaptionLine(text, 0, 900, text) for text in ("Where?", "Why?", "When?")]
    cues = plan_cues(lines, language="en")
    assert [line.removeprefix("-") for cue in cues for line in cue.lines] == ["Where?", "Why?", "When?"]
    assert check_cues(cues, "en") != ()


def test_a_hyphen_never_makes_a_line_too_wide():
    lines = [CaptionLine("x" * 42, 0, 3000, "1"), CaptionLine("y" * 42, 0, 3000, "2")]
    cues = plan_cues(lines, language="en")
    assert "line_length" not in {violation.rule for violation in check_cues(cues, "en")}


def test_one_speaker_heard_twice_at_once_is_captioned_too():
    cues = plan_cues([CaptionLine("a b", 0, 1000), CaptionLine("c d", 900, 2000)], language="en")
    assert " ".join(line for cue in cues for line in cue.lines) == "a b c d"


def test_lines_heard_together_for_more_than_half_share_a_cue():
    lines = [
        CaptionLine("We should leave right now.", 0, 2500, "1"),
        CaptionLine("We are not leaving.", 900, 3400, "2"),
    ]
    (cue,) = plan_cues(lines, language="en")
    assert cue == Cue(0, 3400, ("-We should leave right now.", "-We are not leaving."))


def test_a_quick_exchange_of_three_keeps_to_two_lines_a_cue():
    lines = [CaptionLine(text, n * 400, n * 400 + 350, text) for n, text in enumerate(("Where?", "Why?", "When?"))]
    assert all(len(cue.lines) <= 2 for cue in plan_cues(lines, language="en"))
