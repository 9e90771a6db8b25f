import pytest

from dubbing.caption_text import (
    clean_text,
    count_characters,
    find_direction,
    get_max_columns,
    is_right_to_left,
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
        ("a\u202eb\u202c c\u2066d\u2069", "ab cd"),
        ("C++\u200f", "C++\u200f"),
        ("\u200b", ""),
        (" \ufeff \u2060\u00a0\u200d", ""),
        ("\u2060->", "\u2060->"),
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
        ("ที่นี่", 2, 2),
        ("น้ำ", 2, 2),
        ("👩\u200d👩\u200d👧", 2, 1),
        ("👍🏽", 2, 1),
        ("❤\ufe0f", 2, 1),
        ("🇧🇷🇪🇸", 4, 2),
        ("ﾀﾞ", 2, 2),
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


def test_a_dash_or_a_quotation_mark_is_wide_in_chinese_and_japanese_only():
    assert [measure_columns("“…—”", language) for language in ("zh", "ja", "ko", "en")] == [8, 8, 4, 4]


@pytest.mark.parametrize(
    ("word", "language", "pieces"),
    [
        ("ก" * 41 + "เก", "th", ["ก" * 41, "เก"]),
        ("ก" * 42 + "ำ", "th", ["ก" * 41, "กำ"]),
        ("क" * 41 + "क्षक", "hi", ["क" * 41, "क्षक"]),
        ("ๆ" * 50, "th", ["ๆ" * 42, "ๆ" * 8]),
        ("👩" * 20 + "👩\u200d👩\u200d👧👩", "en", ["👩" * 20 + "👩\u200d👩\u200d👧", "👩"]),
    ],
)
def test_a_word_wider_than_a_line_keeps_what_leans_on_its_neighbour_beside_it(word, language, pieces):
    assert [text for _, text in split_pieces(word, language)] == pieces


def test_languages_are_written_as_their_script_is():
    tags = ["ar", "he", "fa", "ur", "ckb", "pa-PK", "pa", "az", "az-Arab", "en", "und"]
    assert [is_right_to_left(tag) for tag in tags] == [True] * 6 + [False, False, True, False, False]


@pytest.mark.parametrize(
    ("text", "direction"),
    [("سلام", "rtl"), ("-12, שלום", "rtl"), ("NASA قالت", "ltr"), ("12:30", None), ("", None)],
)
def test_the_first_letter_says_which_way_text_runs(text, direction):
    assert find_direction(text) == direction


@pytest.mark.parametrize(
    ("language", "better", "worse"),
    [
        ("ar", ("البيت؟", "ثم"), ("البيت،", "ثم")),
        ("ar", ("البيت،", "ثم"), ("البيت", "في")),
        ("he", ("הבית", "אבל"), ("הבית", "הגדול")),
        ("fa", ("خانه", "که"), ("خانه", "بزرگ")),
        ("ur", ("گھر۔", "پھر"), ("گھر", "پھر")),
        ("hi", ("घर।", "फिर"), ("घर", "फिर")),
    ],
)
def test_breaks_are_rated_in_other_scripts_too(language, better, worse):
    assert rate_break(*better, language) < rate_break(*worse, language)
