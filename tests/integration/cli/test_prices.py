"""`dubline prices`, on the real database."""

import json
from pathlib import Path

from dubbing.errors import FileMissingError, InputError
from dubbing.price_sets import COLUMNS
from tests.integration.cli.conftest import Command

HEADER = ",".join(COLUMNS)


def list_prices(dubline: Command, *options: str) -> dict[tuple[str, str], int]:
    rows = json.loads(dubline("prices", "list", "--json", *options).stdout)
    return {(row["model"], row["unit"]): row["usd_micros"] for row in rows}


def test_a_price_is_added_and_counts_from_its_day_on(dubline: Command) -> None:
    result = dubline(
        *("prices", "add", "deepgram", "nova-3", "ms", "0.0043", "--per", "60000"),
        *("--from", "2999-01-01", "--source", "contract of 2998"),
    )
    assert (result.exit_code, result.stdout) == (
        0,
        "nova-3 of deepgram: $0.0043 a minute from 2999-01-01 00:00 UTC on\n",
    )
    assert list_prices(dubline)["nova-3", "ms"] == 7_700
    assert list_prices(dubline, "--at", "2999-01-01")["nova-3", "ms"] == 4_300
    table = dubline("prices", "list", "--at", "2999-01-02").stdout
    assert "$0.0043 a minute" in table
    assert "contract of 2998" in table


def test_a_model_with_several_units_is_changed_as_a_whole(dubline: Command, tmp_path: Path) -> None:
    one = dubline(
        *("prices", "add", "openai", "gpt-6-luna", "input_tokens", "0.2", "--per", "1000000"),
        *("--from", "2999-01-01", "--source", "list"),
    )
    assert isinstance(one.exception, InputError)
    assert "lacks cache_write_tokens, cached_input_tokens, output_tokens" in str(one.exception)
    units = ("input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens")
    file = tmp_path / "prices.csv"
    lines = [f"openai,gpt-6-luna,{unit},0.2,1000000,2999-01-01,list" for unit in units]
    file.write_text("\n".join([HEADER, *lines]), encoding="utf-8-sig")
    assert dubline("prices", "load", file).exit_code == 0
    later = list_prices(dubline, "--at", "2999-06-01")
    assert {later["gpt-6-luna", unit] for unit in units} == {200_000}


def test_of_a_file_with_a_wrong_line_nothing_is_added(dubline: Command, tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    good = "deepgram,nova-3,ms,0.0043,60000,2999-01-01,list"
    for bad, sentence in {
        "deepgram,aura-2,characters,much,1000,2999-01-01,list": "Line 3: dollars",
        "deepgram,aura-2,characters,0.01,1000,2026-01-01,list": "Line 3: There are prices",
    }.items():
        file.write_text(f"{HEADER}\n{good}\n{bad}\n")
        result = dubline("prices", "load", file)
        assert isinstance(result.exception, InputError)
        assert str(result.exception).startswith(sentence)
    assert list_prices(dubline, "--at", "2999-06-01")["nova-3", "ms"] == 7_700


def test_a_file_that_cannot_be_read_is_refused(dubline: Command, tmp_path: Path) -> None:
    assert isinstance(dubline("prices", "load", tmp_path / "none.csv").exception, FileMissingError)
    file = tmp_path / "prices.csv"
    file.write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in str(dubline("prices", "load", file).exception)
