"""A job's trace on the real line: the vendors' engines on the emulator, spans over HTTP to a receiver."""

import uuid
from collections import Counter
from collections.abc import Iterator

import dagster as dg
import pytest

from dub_assets.definitions import build_definitions
from dub_assets.run_trace import TRACEPARENT_TAG
from resources.telemetry.tracing import flush_spans, get_traceparent, span, start_tracing, stop_tracing
from tests.integration.line.cloud import LINES, TRANSLATIONS, CloudLine
from tests.integration.line.conftest import QUIET
from tests.support.otlp import Receiver, Span, find_parent, otlp_receiver

STAGES = ["transcribing", "translating", "synthesizing", "mixing", "captioning", "finalizing"]
CLIENT = 3


@pytest.fixture
def receiver(line: CloudLine) -> Iterator[Receiver]:
    with otlp_receiver() as receiver:
        start_tracing(line.container.settings.model_copy(update={"otlp_endpoint": receiver.url}), "api")
        yield receiver
        stop_tracing()


def test_one_trace_leads_from_the_request_through_the_run_and_its_stages_to_every_call(
    line: CloudLine, receiver: Receiver
) -> None:
    with span("POST /v1/jobs", kind="server"):
        job_id = line.submit("es", "pt-BR", reference="marmalade")
    assert line.run(job_id)
    assert get_traceparent() is None
    flush_spans()
    spans = receiver.trace_of(job_id)
    assert spans == receiver.spans
    assert len({each.trace_id for each in spans}) == 1
    [run] = [each for each in spans if each.name == "run"]
    assert path_of(spans, run) == ["POST /v1/jobs", "run"]
    assert [each.name for each in spans if each.name.startswith("stage ")] == [f"stage {name}" for name in STAGES]
    assert all(find_parent(spans, each) == run for each in spans if each.name.startswith("stage "))
    check_calls(line, job_id, spans)
    assert not any(each.has_failed for each in spans)
    check_silence(line, receiver)


def check_calls(line: CloudLine, job_id: uuid.UUID, spans: list[Span]) -> None:
    """Every call of the ledger is a span, below the language that it was for, with what it cost."""
    traced = {each.attributes["call"]: each for each in spans if "call" in each.attributes}
    ledger = {str(call.id): call for call in line.calls(job_id)}
    assert traced.keys() == ledger.keys()
    for call_id, call in ledger.items():
        seen = traced[call_id]
        told = (seen.name, seen.kind, seen.attributes["model"], seen.attributes["cost_usd_micros"])
        assert told == (f"call {call.vendor} {call.operation}", CLIENT, call.model, call.cost_usd_micros)
        assert seen.attributes.get("language") == call.language
    below = Counter(tuple(path_of(spans, each)[2:-1]) for each in traced.values())
    assert below == {
        ("stage transcribing",): 1,
        ("stage translating", "language"): 2,
        ("stage synthesizing", "language"): 2 * len(LINES),
    }


def path_of(spans: list[Span], seen: Span) -> list[str]:
    path = [seen.name]
    while (parent := find_parent(spans, seen)) is not None:
        path.insert(0, parent.name)
        seen = parent
    return path


def check_silence(line: CloudLine, receiver: Receiver) -> None:
    """Nothing that was sent holds a customer's words, a key or an address."""
    sent = b"".join(receiver.bodies)
    phrases = ["marmalade", "scene", *LINES, *(text for texts in TRANSLATIONS.values() for text in texts)]
    words = {word for phrase in phrases for word in (phrase, *phrase.split()) if len(word) >= 5}
    settings = line.container.settings
    keys = (settings.deepgram_api_key, settings.openai_api_key, settings.elevenlabs_api_key)
    secrets = {key.get_secret_value() for key in keys if key is not None} | {"http://", "postgresql:"}
    assert not [text for text in words | secrets if text.encode() in sent]


def test_a_call_that_failed_is_told_by_its_code_and_the_languages_error_by_its_own(
    line: CloudLine, receiver: Receiver
) -> None:
    line.emulator.add_fault("status", vendor="openai", operation="translate", status=401, times=1000)
    job_id = line.submit("es")
    assert not line.run(job_id)
    flush_spans()
    spans = receiver.trace_of(job_id)
    [call] = [each for each in spans if each.name == "call openai translate"]
    [language] = [each for each in spans if each.name == "language"]
    [run] = [each for each in spans if each.name == "run"]
    [(_, code)] = line.states(job_id).values()
    for each in (call, language, run):
        assert (each.has_failed, each.status_message, each.attributes["error.type"]) == (True, code, code)
    assert not any(each.events for each in spans)


def test_a_run_goes_on_where_its_tag_says_and_one_by_hand_where_its_job_was_submitted(
    line: CloudLine, receiver: Receiver
) -> None:
    with span("submitted"):
        job_id = line.submit("es")
        with span("launch"):
            launched = get_traceparent()
    assert launched
    definition = build_definitions(line.container).resolve_job_def("dub")
    for tags in ({TRACEPARENT_TAG: launched}, {}):
        chosen = [dg.AssetKey("transcript")]
        definition.execute_in_process(
            instance=line.instance, partition_key=str(job_id), asset_selection=chosen, tags=tags, run_config=QUIET
        )
    flush_spans()
    spans = receiver.trace_of(job_id)
    runs = [path_of(spans, each) for each in spans if each.name == "run"]
    assert runs == [["submitted", "launch", "run"], ["submitted", "run"]]
    assert len({each.attributes["run_id"] for each in spans if each.name == "run"}) == 2


def test_a_receiver_that_hangs_costs_a_job_nothing(line: CloudLine, receiver: Receiver) -> None:
    receiver.hangs.set()
    with span("submitted"):
        job_id = line.submit("es")
    assert line.run(job_id)
    assert line.states(job_id) == {"es": ("completed", None)}
    assert receiver.spans == []
