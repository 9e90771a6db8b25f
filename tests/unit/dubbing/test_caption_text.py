import pytest

from dubbing.caption_text import (
    clean_text,
    count_characters,
    get_max_columns,
    measure_columns,
    rate_break,
    split_pieces,
)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("  two\t\n spaces ", "two spaces"),
        ("bell\x07 null\x00", "bell null"),
        ("half \ud800 emoji", "half emoji"),
        ("Quoi\u00a0?", "Quoi\u00a0?"),
        ("\u00a0edge\u00a0", "edge"),
        ("a \u00a0 b", "a b"),
        ("line\u2028break", "line break"),
        ("\x0b\x1c", ""),
    ],
)
def test_clean_text_is_one_line_without_control_characters(text, clean):
    assert clean_text(text) == clean


@pytest.mark.parametrize(
    ("text", "columns", "characters"),
    [
        ("abc", 3, 3),
        ("e\u0301", 1, 1),
        ("日本", 4, 2),
        ("ｱｲ", 2, 2),
        ("שָׁלוֹם", 4, 4),
        ("한글", 4, 2),
        ("ＯＫ！", 6, 3),
        ("हिन्दी", 3, 3),
        ("a\u200bb\u2060", 2, 2),
        ("", 0, 0),
    ],
)
def test_width_and_length_are_those_a_reader_sees(text, columns, characters):
    assert (measure_columns(text), count_characters(text)) == (columns, characters)


def test_the_widest_line_depends_on_the_script():
    tags = ["pt-BR", "zh-Hant", "ko", "ja", "ar"]
    assert [get_max_columns(tag) for tag in tags] == [42, 32, 32, 26, 42]


def test_spaced_text_is_split_at_its_breakable_spaces():
    assert list(split_pieces("Quoi\u00a0? Rien.", "fr")) == [("", "Quoi\u00a0?"), (" ", "Rien.")]


def test_japanese_punctuation_and_small_kana_never_begin_a_piece_and_brackets_never_end_one():
    assert [text for _, text in split_pieces("「はい」、ちょっとPC、", "ja")] == [
        "「は",
        "い」、",
        "ちょっ",
        "と",
        "PC、",
    ]


def test_a_word_wider_than_a_line_is_split_without_parting_an_accent_from_its_letter():
    word = "e\u0301" * 50
    assert [text for _, text in split_pieces(word, "en")] == ["e\u0301" * 42, "e\u0301" * 8]


@pytest.mark.parametrize(
    ("language", "better", "worse"),
    [
        ("en", ("home.", "Then"), ("home,", "then")),
        ("en", ("home,", "then"), ("home", "and")),
        ("en", ("home", "and"), ("big", "home")),
        ("en", ("big", "home"), ("the", "home")),
        ("pt-BR", ("casa", "mas"), ("casa", "azul")),
        ("es", ("casa", "pero"), ("casa", "azul")),
        ("fr", ("maison", "mais"), ("maison", "bleue")),
        ("it", ("casa", "ma"), ("casa", "blu")),
        ("de", ("Haus", "und"), ("Haus", "steht")),
        ("ja", ("は、", "今"), ("は", "今")),
    ],
)
def test_breaks_are_rated_as_the_style_guide_orders_them(language, better, worse):
    assert rate_break(*better, language) < rate_break(*worse, language)
