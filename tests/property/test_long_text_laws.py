from hypothesis import given, settings
from hypothesis import strategies as st

from dubbing.long_text import split_text

texts = st.text(alphabet="ab1 \n\t.,:!?…。、」”)—–।é字", max_size=200) | st.text(max_size=120)
limits = st.integers(1, 60)


@settings(max_examples=500, deadline=None)
@given(texts, limits)
def test_nothing_but_space_is_lost(text, limit):
    assert "".join("".join(split_text(text, limit)).split()) == "".join(text.split())


@settings(max_examples=500, deadline=None)
@given(texts, limits)
def test_every_part_fits_and_says_something_without_space_around_it(text, limit):
    for part in split_text(text, limit):
        assert 0 < len(part) <= limit
        assert part == part.strip()


@settings(max_examples=300, deadline=None)
@given(texts, limits)
def test_a_part_is_never_divided_again(text, limit):
    for part in split_text(text, limit):
        assert split_text(part, limit) == (part,)


@settings(max_examples=300, deadline=None)
@given(texts)
def test_a_text_that_fits_is_given_back_whole(text):
    assert split_text(text, max(1, len(text))) == ((text.strip(),) if text.strip() else ())
