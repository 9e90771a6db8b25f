import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.errors import VendorReplyError
from dubbing.usage import Receipt
from resources.vendors.pcm import parse_pcm16

RECEIPT = Receipt({"characters": 5}, "request-1")


def make_tone(amplitude: float = 0.25, first: bytes = b"") -> bytes:
    wave = [round(32767 * amplitude * math.sin(frame / 10)) for frame in range(2400)]
    return first + np.array(wave, dtype="<i2").tobytes()


def test_samples_are_mono_floats_of_full_scale_one():
    speech = parse_pcm16(np.array([0, 16384, -32768, 32767], dtype="<i2").tobytes(), 24_000)
    assert speech.rate_hz == 24_000
    assert speech.samples.dtype == np.float32
    assert speech.samples.tolist() == pytest.approx([0, 0.5, -1, 32767 / 32768])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "nothing"),
        (make_tone()[:-1], "broken samples"),
        (bytes(4800), "silence"),
        (make_tone(10 ** (-51 / 20)), "silence"),
        (b'{"message": "Internal error"}', "text"),
        (b"  [1]", "text"),
        ('{"detail": "Zu viele Zeichen für diesen Tarif"}'.encode() * 100, "text"),
        (b"<!DOCTYPE html>\r\n<html></html>\n", "text"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt " + make_tone(), "a media file"),
        (b"OggS\0\2" + make_tone(), "a media file"),
        (b"ID3\4\0\0\0\0\0\x23" + make_tone(), "a media file"),
        (b"fLaC" + make_tone(), "a media file"),
        (b"\0\0\0\x20ftypisom" + make_tone(), "a media file"),
    ],
)
def test_what_is_no_speech_is_refused_with_the_receipt(body, said):
    with pytest.raises(VendorReplyError, match=said) as caught:
        parse_pcm16(body, 24_000, receipt=RECEIPT)
    assert caught.value.receipt == RECEIPT


def test_a_frame_of_mp3_is_refused_where_the_name_agrees():
    body = make_tone(first=b"\xff\xf3\x84\xc4")
    with pytest.raises(VendorReplyError, match="a media file"):
        parse_pcm16(body, 24_000, content_type="audio/mpeg")
    assert len(parse_pcm16(body, 24_000, content_type="audio/l16").samples) == len(body) // 2


@pytest.mark.parametrize("content_type", ["application/json", "text/html; charset=utf-8", "application/problem+json"])
def test_a_body_that_is_declared_as_text_is_refused(content_type):
    with pytest.raises(VendorReplyError, match="text"):
        parse_pcm16(make_tone(), 24_000, content_type=content_type)


@pytest.mark.parametrize("first", [b"{\0", b"<\0", b"RIFF", b"OggS\1\1", b"ID3\x08", b"\xff\xfb", b'{"', b"[1"])
def test_samples_may_begin_with_any_bytes(first):
    assert len(parse_pcm16(make_tone(first=first), 24_000).samples) == 2400 + len(first) // 2


@pytest.mark.parametrize("peak_db", [-49, -20])
def test_quiet_speech_is_speech(peak_db):
    assert parse_pcm16(make_tone(10 ** (peak_db / 20)), 24_000)


@given(
    st.binary(max_size=3000)
    | st.recursive(
        st.none() | st.text() | st.floats(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    ).map(lambda document: json.dumps(document).encode()),
    st.none() | st.text(max_size=20),
)
def test_any_body_gives_speech_of_its_length_or_our_error(body, content_type):
    try:
        speech = parse_pcm16(body, 24_000, content_type=content_type)
    except VendorReplyError:
        return
    assert len(speech.samples) * 2 == len(body)
    assert float(np.abs(speech.samples).max()) <= 1
