import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.local.sentences import MAX_SENTENCE_CHARACTERS, clean_text, has_words, split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Mr. and Mrs. Smith met Dr. J. Jones.", ["Mr. and Mrs. Smith met Dr. J. Jones."]),
        ("Well… maybe not. Yes.", ["Well… maybe not.", "Yes."]),
        ("It costs 1.50 or 2,000. Good.", ["It costs 1.50 or 2,000.", "Good."]),
        ('“Why?” he asked. "Because!" she said.', ["“Why?” he asked.", '"Because!" she said.']),
        ("(First.) Second.", ["(First.)", "Second."]),
        ("O Sr. Silva e a Dra. Souza saíram. Eu fiquei.", ["O Sr. Silva e a Dra. Souza saíram.", "Eu fiquei."]),
        ("Он ушёл. Она осталась.", ["Он ушёл.", "Она осталась."]),
        ("no punctuation at all", ["no punctuation at all"]),
        ("", []),
    ],
)
def test_text_is_split_where_a_sentence_ends(text, sentences):
    assert split_sentences(text) == sentences


def test_a_long_sentence_is_cut_at_a_clause():
    clause = "and then we went on to the next of the many villages,"
    pieces = split_sentences(" ".join([clause] * 12))
    assert len(pieces) > 1
    assert all(piece.endswith(",") for piece in pieces)


@given(st.text())
def test_no_piece_is_too_long_and_no_character_is_lost(text):
    cleaned = clean_text(text * 40)
    pieces = split_sentences(cleaned)
    assert all(0 < len(piece) <= MAX_SENTENCE_CHARACTERS for piece in pieces)
    assert "".join(pieces).replace(" ", "") == cleaned.replace(" ", "")


@given(st.text())
def test_cleaned_text_is_one_printable_line_and_stays_as_it_is(text):
    cleaned = clean_text(text)
    assert cleaned.split() == cleaned.split(" ") or not cleaned
    assert clean_text(cleaned) == cleaned
    cleaned.encode("utf-8")


def test_control_characters_part_words():
    assert clean_text("a\x00b\x1b[31mc") == "a b [31mc"


@pytest.mark.parametrize(("text", "expected"), [("…?!", False), ("😀", False), ("", False), ("é", True), ("7", True)])
def test_only_letters_and_digits_are_words(text, expected):
    assert has_words(text) is expected
