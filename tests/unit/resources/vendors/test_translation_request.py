"""The document that a model is asked with, and reading what it answers."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubbing.errors import ReplyCutShortError, VendorReplyError
from dubbing.translation_batches import Batch, Line, ReplyLine, Term
from resources.vendors.translation_request import build_reply_schema, parse_reply, read_prompt, render_request

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


def parse(batch: Batch) -> dict:
    return json.loads(render_request(batch).encode())


def test_the_document_is_what_the_prompt_describes():
    batch = Batch(
        "en",
        "pt-BR",
        (
            Line(12, "Hello from Dubline.", max_characters=48),
            Line(13, "Take five.", previous="Leve cinco.", problem="Keep the term."),
        ),
        before=("Good evening.",),
        after=("Goodbye.",),
        glossary=(Term("Dubline", "Dubline"), Term("take", "tomada")),
    )
    assert parse(batch) == {
        "source_language": "en",
        "target_language": "pt-BR",
        "glossary": [
            {"term": "Dubline", "rule": "keep"},
            {"term": "take", "rule": "translate", "as": "tomada"},
        ],
        "before": ["Good evening."],
        "lines": [
            {"id": 12, "text": "Hello from Dubline.", "max_characters": 48},
            {
                "id": 13,
                "text": "Take five.",
                "max_characters": None,
                "previous": "Leve cinco.",
                "problem": "Keep the term.",
            },
        ],
        "after": ["Goodbye."],
    }


def test_the_prompt_explains_every_field_of_the_document():
    batch = Batch("en", "es", (Line(1, "a", previous="b", problem="c"),), glossary=(Term("a", "b"), Term("c", "c")))
    document = parse(batch)
    fields = {*document, *document["lines"][0], *(key for term in document["glossary"] for key in term)}
    assert [field for field in fields if f"`{field}`" not in read_prompt() and f'"{field}"' not in read_prompt()] == []


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_any_text_is_data_inside_its_own_string(text, context, term):
    document = parse(Batch("en", "es", (Line(1, text),), before=(context,), glossary=(Term(term, "x"),)))
    mended = [document["lines"][0]["text"], document["before"][0], document["glossary"][0]["term"]]
    for given_text, found in zip([text, context, term], mended, strict=True):
        assert found.encode("utf-16-le") == given_text.encode("utf-16-le", "surrogatepass") or "\ufffd" in found
    assert list(document) == ["source_language", "target_language", "glossary", "before", "lines", "after"]
    assert list(document["lines"][0]) == ["id", "text", "max_characters"]


@given(TEXT)
def test_text_without_half_characters_arrives_unchanged(text):
    assert parse(Batch("en", "es", (Line(1, text),)))["lines"][0]["text"] == text


def test_half_characters_are_joined_or_replaced():
    lines = parse(Batch("en", "es", (Line(1, "a\ud800b"), Line(2, "\ud83d\ude00"))))["lines"]
    assert [line["text"] for line in lines] == ["a\ufffdb", "😀"]


@given(st.lists(st.tuples(st.integers(), TEXT)))
def test_a_reply_gives_its_lines_in_its_order(lines):
    text = json.dumps({"lines": [{"id": number, "text": said} for number, said in lines]})
    assert parse_reply(text) == tuple(ReplyLine(number, said) for number, said in lines)


def test_ids_are_left_for_the_buyer_to_check():
    text = '{"lines":[{"id":9,"text":"a"},{"id":9,"text":"b"}]}'
    assert parse_reply(text) == (ReplyLine(9, "a"), ReplyLine(9, "b"))


@pytest.mark.parametrize(
    "text",
    [
        '{"lines":[{"id":"1","text":"a"}]}',
        '{"lines":[{"id":1.0,"text":"a"}]}',
        '{"lines":[{"id":true,"text":"a"}]}',
        '{"lines":[{"id":1,"text":null}]}',
        '{"lines":[{"id":1,"text":"a","note":"b"}]}',
        '{"lines":[],"more":1}',
        '{"lines":{}}',
        "[]",
        "null",
        "",
        "I can only translate.",
        "[" * 100_000,
        '{"lines":[{"id":1,"text":x',
    ],
)
def test_another_form_is_refused_and_is_not_taken_for_an_answer_that_was_cut(text):
    with pytest.raises(VendorReplyError) as caught:
        parse_reply(text)
    assert type(caught.value) is VendorReplyError
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("end", [1, 8, 12, 20, 27, 31, 34])
def test_the_beginning_of_an_answer_was_cut_short(end):
    with pytest.raises(ReplyCutShortError):
        parse_reply('{"lines":[{"id":1,"text":"Olá, você"}]}'[:end])


@given(ANY_TEXT)
def test_whatever_comes_back_is_read_or_refused(text):
    with contextlib.suppress(VendorReplyError):
        assert isinstance(parse_reply(text), tuple)


def test_a_half_character_in_a_reply_can_be_stored():
    (line,) = parse_reply('{"lines":[{"id":1,"text":"a\\ud800"}]}')
    assert line.text.encode() == "a\ufffd".encode()


def test_the_schema_leaves_nothing_open():
    schema = build_reply_schema()
    for level in (schema, *schema["$defs"].values()):
        assert level["additionalProperties"] is False
        assert level["required"] == list(level["properties"])
