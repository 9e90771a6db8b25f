import json
from datetime import timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dubbing.errors import InputError
from resources.media.probe_answer import parse_answer
from resources.media.probing import MAX_CHANNELS, RATES_HZ, read_header

digits = st.integers(0, 6000).map(lambda count: "9" * count)
numbers = st.integers() | st.floats() | digits | st.integers().map(str) | st.floats().map(str)
clocks = st.builds("{}:{}:{}".format, digits | st.sampled_from(["00", "01"]), st.just("00"), digits | st.just("03.5"))
scalars = st.none() | st.booleans() | numbers | st.text(st.characters()) | clocks
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
)


def bent(honest):
    """What a fact should be, or anything at all."""
    return honest | anything


streams = st.fixed_dictionaries(
    {"codec_type": st.sampled_from(["audio", "audio", "video"]), "sample_rate": bent(st.just("48000"))},
    optional={
        "channels": bent(st.just(2)),
        "codec_name": bent(st.just("opus")),
        "duration": bent(numbers),
        "disposition": bent(st.fixed_dictionaries({"attached_pic": bent(st.just(0))})),
        "tags": bent(st.fixed_dictionaries({"DURATION": bent(clocks)})),
    },
)
sound = st.fixed_dictionaries(
    {"codec_type": st.just("audio"), "sample_rate": st.just("48000"), "channels": st.just(2)},
    optional={"duration": numbers, "tags": st.fixed_dictionaries({"DURATION": clocks})},
)
answers = st.fixed_dictionaries(
    {"streams": st.lists(sound | streams, max_size=3)},
    optional={"format": bent(st.fixed_dictionaries({"duration": numbers}))},
)
containers = st.sampled_from(["matroska", "wav", "ogg"])


def check(output: bytes, container: str, *, is_exact: bool) -> None:
    """Either an error of the input, or facts that can be worked with."""
    try:
        header = read_header(parse_answer(output), container, is_exact=is_exact)
    except InputError:
        return
    assert header.rate_hz in RATES_HZ
    assert 0 < header.channels <= MAX_CHANNELS
    assert header.declared_ms is None or header.declared_ms >= 0
    assert header.codec.isascii()


@settings(deadline=timedelta(seconds=2))
@given(anything | answers, containers, st.booleans())
@example({"streams": [{"codec_type": "audio", "sample_rate": 48_000, "channels": 2, "duration": 1e308}]}, "wav", True)
@example({"streams": [{"codec_type": "audio", "tags": {"DURATION": "9" * 400 + ":00:00"}}]}, "matroska", False)
def test_whatever_a_prober_answers_is_facts_or_an_error_of_the_input(answer, container, is_exact):
    check(json.dumps(answer).encode(), container, is_exact=is_exact)


@given(st.binary(), containers)
def test_whatever_a_prober_prints_is_facts_or_an_error_of_the_input(output, container):
    check(output, container, is_exact=True)
