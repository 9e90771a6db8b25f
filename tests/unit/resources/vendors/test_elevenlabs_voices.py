from types import SimpleNamespace
from typing import Any

import pytest

from dubbing.errors import VendorReplyError
from resources.vendors.elevenlabs_languages import FLASH, LANGUAGES, MULTILINGUAL
from resources.vendors.elevenlabs_voices import MAX_PAGES, build_voices, fetch_voices


def raw(name: str, gender: str = "female", category: str = "premade") -> dict[str, Any]:
    return {"id": name, "name": name.title(), "gender": gender, "category": category}


def listed(voice_id: Any, **fields: Any) -> SimpleNamespace:
    return SimpleNamespace(voice_id=voice_id, **fields)


class Pages:
    """Stands in for the client: gives pages in turn, whatever is asked; it cannot prove anything about the package."""

    def __init__(self, *pages: Any) -> None:
        self._pages = iter(pages)
        self.tokens: list[str | None] = []
        self.voices = self

    def search(self, *, next_page_token: str | None, **wishes: Any) -> Any:
        self.tokens.append(next_page_token)
        return next(self._pages)


def page(*voices: Any, token: Any = None, has_more: Any = False) -> SimpleNamespace:
    return SimpleNamespace(voices=list(voices), next_page_token=token, has_more=has_more)


def fetch(*pages: Any) -> list[dict[str, Any]]:
    return fetch_voices(Pages(*pages))  # type: ignore[arg-type]


def names(voices: Any, language: str = "de") -> list[str]:
    return [voice.name for voice in voices if voice.language == language]


def test_every_page_is_read() -> None:
    client = Pages(page(listed("a"), token="t", has_more=True), page(listed("b")))
    assert [voice["id"] for voice in fetch_voices(client)] == ["a", "b"]  # type: ignore[arg-type]
    assert client.tokens == [None, "t"]


def test_a_list_without_end_is_left_after_some_pages() -> None:
    client = Pages(*(page(listed(f"v{number}"), token="again", has_more=True) for number in range(MAX_PAGES + 5)))
    assert len(fetch_voices(client)) == len(client.tokens) == MAX_PAGES  # type: ignore[arg-type]


def test_more_pages_without_a_token_are_not_asked_for() -> None:
    assert len(fetch(page(listed("a"), token=None, has_more=True))) == 1


@pytest.mark.parametrize("answer", [SimpleNamespace(), SimpleNamespace(voices=None), {}, "x", None])
def test_an_answer_without_a_list_is_an_error(answer: Any) -> None:
    with pytest.raises(VendorReplyError):
        fetch(answer)


@pytest.mark.parametrize("name", ["../../v1/user", "a?x=1", "a b", "", "ü", "a" * 41, None, 7, ["a"], "a\n"])
def test_a_voice_that_could_not_be_called_safely_is_left_out(name: Any) -> None:
    assert [voice["id"] for voice in fetch(page(listed(name), {"voice_id": "dict"}, None, listed("good")))] == ["good"]


def test_fields_of_any_shape_become_texts_that_can_be_shown() -> None:
    hostile = listed("a", name="Eve\x00\u202e" + "x" * 200, labels=["female"], category={"premade": 1})
    plain = listed("b", name=" Bo ", labels={"gender": "Male"}, category="premade")
    first, second = fetch(page(hostile, plain))
    assert first == {"id": "a", "name": "Eve" + "x" * 97, "gender": "", "category": ""}
    assert second == {"id": "b", "name": "Bo", "gender": "male", "category": "premade"}


def test_a_voice_is_offered_once_in_each_language_as_the_model_that_speaks_it() -> None:
    voices = build_voices([raw("a")], model=MULTILINGUAL)
    assert [voice.language for voice in voices] == list(LANGUAGES)
    assert {voice.language for voice in voices if voice.model == FLASH} == {"hu", "nb", "vi"}
    assert {(voice.vendor, voice.label, voice.min_speed, voice.max_speed) for voice in voices} == {
        ("elevenlabs", "A", 0.7, 1.2)
    }


def test_made_voices_come_before_trained_before_cloned_and_women_and_men_take_turns() -> None:
    account = [
        raw("c1", "male", "cloned"),
        raw("p4", "male"),
        raw("p1"),
        raw("t1", "female", "professional"),
        raw("p2"),
        raw("p3", "neutral"),
        raw("p5", "male"),
        raw("p6", "male"),
    ]
    ordered = ["p1", "p4", "p2", "p5", "p6", "p3", "t1", "c1"]
    assert names(build_voices(account, model=MULTILINGUAL)) == ordered
    assert names(build_voices(account[::-1], model=MULTILINGUAL), "nb") == ordered


def test_chosen_voices_are_the_only_ones_and_in_the_order_chosen() -> None:
    account = [raw("a"), raw("b"), raw("c")]
    assert names(build_voices(account, model=MULTILINGUAL, chosen=("c", "gone", "a", "c"))) == ["c", "a"]
