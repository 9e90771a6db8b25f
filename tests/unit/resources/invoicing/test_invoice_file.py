"""Invoices as files that somebody gives us: read strictly, and refused by line."""

import contextlib
import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.errors import InputError
from dubbing.reconciling import InvoiceLine, Span
from resources.invoicing import invoice_file
from resources.invoicing.invoice_file import measure_invoice, read_invoice

SPAN = Span(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC), timedelta(hours=1))
HEADER = "request_id,model,characters,usd_micros,at"
LINE = "req-1,aura-2,100,3000,2026-03-10T12:00:00Z"


def read(text: str | bytes) -> list[InvoiceLine]:
    return list(read_invoice(io.BytesIO(text.encode() if isinstance(text, str) else text), "deepgram", SPAN))


def refuse(*lines: str) -> str:
    with pytest.raises(InputError) as caught:
        read("\n".join(lines))
    return caught.value.message


def test_a_line_is_read_with_its_quantities_and_its_sum() -> None:
    (line,) = read(f"{HEADER}\n{LINE}\n")
    assert line == InvoiceLine("req-1", "aura-2", {"characters": 100}, 3000, datetime(2026, 3, 10, 12, tzinfo=UTC))


def test_columns_come_in_any_order_and_quantities_may_be_left_out() -> None:
    header = "at,usd,vendor,operation,ms,characters,model,request_id"
    (line,) = read(f"{header}\n2026-03-10 13:00:00.25+01:00,0.0077,deepgram,recognize,60000,,nova-3,r\n")
    assert (line.usage, line.usd_micros, line.at.astimezone(UTC).hour) == ({"ms": 60_000}, 7_700, 12)


@pytest.mark.parametrize(
    ("dollars", "usd_micros"),
    [("0", 0), ("12.5", 12_500_000), ("0.0000005", 1), ("0.00000049", 0), ("0.000128333", 128)],
)
def test_dollars_are_rounded_half_up_to_the_micro_dollar(dollars: str, usd_micros: int) -> None:
    (line,) = read(f"request_id,model,usd,at\nr,nova-3,{dollars},2026-03-10T12:00:00Z")
    assert line.usd_micros == usd_micros


def test_what_spreadsheets_add_is_forgiven() -> None:
    assert (
        len(read(b"\xef\xbb\xbf" + f'{HEADER}\r\n"req-1",aura-2,100,3000,2026-03-10T12:00:00Z\r\n\r\n'.encode())) == 1
    )


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("request_id,model,usd_micros", "lacks the column at"),
        ("request_id,model,at", "one of the columns usd_micros and usd"),
        ("request_id,model,at,usd,usd_micros", "one of the columns usd_micros and usd"),
        ("request_id,model,at,usd,model", "each once"),
        ("request_id,model,at,usd,note", "each once"),
        ("", "lacks the column request_id"),
    ],
)
def test_a_header_that_is_none_is_refused(header: str, reason: str) -> None:
    message = refuse(header, LINE)
    assert message.startswith("Line 1 ")
    assert reason in message


@pytest.mark.parametrize(
    "line",
    [
        '=cmd|"/c calc"!A1,aura-2,1,1,2026-03-10T12:00:00Z',
        "=1+1,aura-2,1,1,2026-03-10T12:00:00Z",
        "@req,aura-2,1,1,2026-03-10T12:00:00Z",
        ",aura-2,1,1,2026-03-10T12:00:00Z",
        f"{'r' * 129},aura-2,1,1,2026-03-10T12:00:00Z",
        "r,,1,1,2026-03-10T12:00:00Z",
        "r,aura\u202e-2,1,1,2026-03-10T12:00:00Z",
        "r,aura-2,-1,1,2026-03-10T12:00:00Z",
        "r,aura-2,1.5,1,2026-03-10T12:00:00Z",
        "r,aura-2,\u0661,1,2026-03-10T12:00:00Z",
        "r,aura-2,1,-1,2026-03-10T12:00:00Z",
        "r,aura-2,1,,2026-03-10T12:00:00Z",
        "r,aura-2,1,1e3,2026-03-10T12:00:00Z",
        "r,aura-2,1,9999999999999,2026-03-10T12:00:00Z",
        "r,aura-2,1,NaN,2026-03-10T12:00:00Z",
        "r,aura-2,1,1,2026-03-10T12:00:00",
        "r,aura-2,1,1,2026-03-10",
        "r,aura-2,1,1,2026-13-10T12:00:00Z",
        "r,aura-2,1,1,2026-02-28T23:59:59Z",
        "r,aura-2,1,1,2026-04-01T00:00:00Z",
        "r,aura-2,1,1",
        f"{LINE},more",
        'r,"aura-2,1,1,2026-03-10T12:00:00Z',
        "r;aura-2;1;1;2026-03-10T12:00:00Z",
        "r\x00,aura-2,1,1,2026-03-10T12:00:00Z",
        "r" * 3_000,
    ],
)
def test_a_line_that_cannot_be_right_is_named_and_not_repeated(line: str) -> None:
    message = refuse(HEADER, LINE, line)
    assert message.startswith("Line 3 of the invoice cannot be read: ")
    assert len(message) < 200
    assert "calc" not in message


def test_a_cell_over_several_lines_is_refused() -> None:
    assert refuse(HEADER, 'r,"aura', '-2",1,1,2026-03-10T12:00:00Z').startswith("Line 2 ")


def test_dollars_that_are_none_are_refused() -> None:
    for dollars in ("-1", "1,5", "$1", "1e3", "Infinity", "1" * 30, "."):
        with pytest.raises(InputError):
            read(f'request_id,model,usd,at\nr,nova-3,"{dollars}",2026-03-10T12:00:00Z')


def test_a_line_of_another_vendor_is_refused() -> None:
    assert "give each vendor's lines" in refuse(f"{HEADER},vendor", f"{LINE},openai")


def test_a_file_has_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invoice_file, "MAX_FILE_BYTES", 10)
    assert len(measure_invoice(io.BytesIO(b"1234567890"))) == 64
    for content, reason in ((b"12345678901", "larger"), (b"", "empty")):
        with pytest.raises(InputError, match=reason):
            measure_invoice(io.BytesIO(content))


@given(st.binary(max_size=200))
def test_whatever_bytes_come_they_are_read_or_refused_with_a_sentence(content: bytes) -> None:
    with contextlib.suppress(InputError):
        assert read(f"{HEADER}\n{LINE}\n".encode() + content)
