"""What is taken from a prober's answer, and what counts as damage."""

import json
from typing import Any

import pytest

from dubbing.errors import InputError, NoAudioStreamError, NotMediaError
from resources.media.probe_answer import parse_answer
from resources.media.probing import Header, read_header

AUDIO = {"codec_type": "audio", "codec_name": "opus", "sample_rate": "48000", "channels": 2}
PICTURES = {"codec_type": "video", "disposition": {"attached_pic": 0}}
COVER = {"codec_type": "video", "disposition": {"attached_pic": 1}}


def read(*streams: Any, container: str = "wav", is_exact: bool = True, **more: Any) -> Header:
    output = json.dumps({"streams": streams, **more}).encode()
    return read_header(parse_answer(output), container, is_exact=is_exact)


def tag(duration: Any) -> dict[str, Any]:
    return {**AUDIO, "tags": {"DURATION": duration}}


def read_film(*streams: Any) -> Header:
    return read(*streams, container="matroska", is_exact=False, format={"duration": "7.5"})


def test_facts_are_taken_from_the_first_sound_track():
    other = {**AUDIO, "codec_name": "aac", "sample_rate": 8000}
    assert read(PICTURES, {**AUDIO, "duration": "1.5"}, other) == Header("opus", 48_000, 2, 1500, has_video=True)


def test_the_cover_of_a_record_is_not_a_film():
    assert not read(AUDIO, COVER).has_video


def test_the_film_is_the_largest_picture_and_among_equals_the_default():
    preview = {**PICTURES, "width": 16, "height": 16, "disposition": {"default": 1}}
    film = {**PICTURES, "width": 1920, "height": "1080"}
    default = {**film, "disposition": {"default": 1}}
    assert [
        read(*pictures, AUDIO).picture
        for pictures in ([preview, COVER, film], [film, default], [default, film], [PICTURES, PICTURES], [])
    ] == [1, 1, 0, 0, 0]


@pytest.mark.parametrize("width", [-1, 2**31, "9" * 5000, "wide"])
def test_a_picture_of_no_sane_size_is_damage(width: Any):
    with pytest.raises(NotMediaError):
        read(AUDIO, {**PICTURES, "width": width})


def test_an_estimated_length_is_none():
    assert read({**AUDIO, "duration": "1.5"}, is_exact=False).declared_ms is None


def test_a_length_below_nought_is_none():
    assert read({**AUDIO, "duration": "-1.5"}).declared_ms is None


def test_the_length_of_a_matroska_is_in_a_tag():
    assert read_film(PICTURES, tag("01:00:03.500000000")).declared_ms == 3_603_500


@pytest.mark.parametrize("text", ["", "three seconds", "0:0:3", "٠٠:٠٠:٠٣"])
def test_a_tag_that_is_no_time_says_nothing(text: str):
    assert read_film(tag(text)).declared_ms == 7500
    assert read_film(PICTURES, tag(text)).declared_ms is None


def test_pictures_only():
    with pytest.raises(NoAudioStreamError):
        read(PICTURES)


@pytest.mark.parametrize(
    "fact", [{"sample_rate": 0}, {"sample_rate": -48_000}, {"sample_rate": 10**30}, {"channels": 9}, {"channels": -1}]
)
def test_a_layout_that_nobody_has(fact: dict[str, Any]):
    with pytest.raises(InputError, match="unusual layout"):
        read({**AUDIO, **fact})


@pytest.mark.parametrize("digits", [61, 400, 5000, 500_000])
def test_a_length_of_hundreds_of_digits_is_damage(digits: int):
    with pytest.raises(NotMediaError):
        read_film(tag("9" * digits + ":00:00"))


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e308", "-1e308", "9" * 400, "9" * 5000, "", "N/A", [], {}])
def test_a_length_that_is_no_length_is_damage(number: Any):
    with pytest.raises(NotMediaError):
        read({**AUDIO, "duration": number})
    with pytest.raises(NotMediaError):
        read(AUDIO, format={"duration": number})


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"\xff",
        b"[" * 500_000,
        b'{"streams": ' * 50_000,
        b'{"streams": 7}',
        b'{"streams": [7]}',
        b'{"streams": null}',
        b'{"streams": [{"codec_type": "audio", "tags": []}]}',
        b'{"streams": [{"codec_type": "audio", "sample_rate": NaN}]}',
        b'{"streams": [{"codec_type": "audio", "channels": ' + b"9" * 5000 + b"}]}",
        b'{"streams": [{"codec_type": "audio", "codec_name": "\\u0000"}]}',
        b'{"streams": [{"codec_type": "audio", "codec_name": "\\ud800"}]}',
        b'{"streams": [' + b"{}," * 64 + b"{}]}",
    ],
)
def test_an_answer_of_another_shape_is_damage(output: bytes):
    with pytest.raises(NotMediaError):
        parse_answer(output)


def test_an_error_quotes_nothing_of_the_file():
    with pytest.raises(NotMediaError) as caught:
        read(tag("merger " * 100))
    assert "merger" not in f"{caught.value} {caught.value.__cause__}"
