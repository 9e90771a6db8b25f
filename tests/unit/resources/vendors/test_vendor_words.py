"""What is kept of a vendor's reply: words for machines, and nothing that anybody wrote."""

import pytest

from resources.vendors.deepgram_client import build_refusal
from resources.vendors.vendor_words import describe_refusal


@pytest.mark.parametrize(
    "code", ["sk-proj-4f9aB2", "Hello, my name is Ada.", "https://store.example/a?token=x", "a" * 31, None, {"a": 1}]
)
def test_no_key_sentence_or_address_passes_for_a_code(code: object) -> None:
    assert describe_refusal(400, code) == "400"


def test_status_and_codes_are_kept_once_each() -> None:
    assert describe_refusal(402, "quota_exceeded", "payment.required", "quota_exceeded") == (
        "402 quota_exceeded payment.required"
    )
    assert describe_refusal(None) is None


def test_a_refusal_says_what_the_vendor_called_it_and_not_what_it_wrote() -> None:
    body = {"err_code": "ASR_PAYMENT_REQUIRED", "err_msg": "Customer words and key 0a1b2c"}
    error = build_refusal(402, {}, body)
    assert error.vendor_words == "402 ASR_PAYMENT_REQUIRED"
    assert "Customer" not in f"{error.message} {error.vendor_words}"
