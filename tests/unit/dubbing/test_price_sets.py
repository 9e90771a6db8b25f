import pytest

from dubbing.errors import InputError
from dubbing.price_sets import COLUMNS, MAX_LINES, group_sets, parse_entry, parse_file, parse_moment
from dubbing.usage import Price

HEADER = ",".join(COLUMNS)
LINE = "deepgram,aura-2,characters,0.03,1000,2027-01-01,list price"
GOOD = dict(zip(COLUMNS, LINE.split(","), strict=True))


def test_a_price_is_kept_to_the_micro_dollar() -> None:
    assert parse_entry(GOOD | {"usd": "0.000001", "per_units": "1"}).price == Price(1, 1)
    assert parse_entry(GOOD | {"usd": "12"}).price == Price(12_000_000, 1000)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *(("vendor", text) for text in ("", "local", "deep gram", "=cmd()", "x" * 101, "a\x00")),
        *(("model", text) for text in ("", "aura,2", "аura-2")),
        *(("unit", text) for text in ("", "character", "CHARACTERS")),
        *(("usd", text) for text in ("", "-1", "1e3", "0.0000001", "NaN", "1,000", "$1", "٣", "99999999")),
        *(("per_units", text) for text in ("", "0", "-1", "1.5", "1_000", "1" * 13)),
        *(("effective_from", text) for text in ("", "tomorrow", "01.02.2027", "2027-13-01", "0001-01-01T00:00+14:00")),
        *(("source", text) for text in ("", "x" * 301, "two\nlines", "\u202egnp.exe")),
    ],
)
def test_a_wrong_field_is_refused_with_its_line(name: str, wrong: str) -> None:
    with pytest.raises(InputError, match=r"^Line 7: "):
        parse_entry(GOOD | {name: wrong}, 7)


def test_a_moment_without_a_zone_is_utc() -> None:
    assert parse_moment("2027-01-01") == parse_moment("2027-01-01T02:00+02:00")


def test_a_file_gives_its_prices_with_their_lines() -> None:
    entries = parse_file(f"{HEADER}\r\n\r\n{LINE}\r\n" + LINE.replace("aura-2", "aura-3"))
    assert [(entry.model, entry.line) for entry in entries] == [("aura-2", 3), ("aura-3", 4)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "first line must be"),
        (LINE, "first line must be"),
        (HEADER, "no price"),
        (f"{HEADER}\n{LINE},more", "Line 2: it has 8 fields"),
        (f"{HEADER}\n{LINE}\n{LINE}", "Line 3: it is about the same as line 2"),
        (f'{HEADER}\n"{LINE}', "cannot be read as CSV"),
        (f"{HEADER}\n{LINE}{'x' * 200_000}", "cannot be read as CSV"),
        (f"{HEADER}\n" + "\n" * MAX_LINES + LINE, "more than"),
    ],
)
def test_what_is_no_file_of_prices_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parse_file(text)


def test_sets_come_in_order_of_their_beginning() -> None:
    later = parse_entry(GOOD | {"effective_from": "2027-02-01"})
    earlier, other = parse_entry(GOOD), parse_entry(GOOD | {"model": "nova-3", "unit": "ms"})
    assert group_sets([later, other, earlier]) == [[earlier], [other], [later]]
