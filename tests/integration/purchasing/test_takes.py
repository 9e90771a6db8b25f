import threading
import uuid

import numpy as np
import pytest

from dubbing.audio import find_speech_span
from dubbing.engines import Answer, Speech, Voice
from dubbing.errors import OutcomeUnknownError, VendorReplyError
from dubbing.jobs import WaitingOn
from dubbing.retry_policy import CALL_TRIES
from dubbing.units import frames_to_ms, ms_to_frames
from dubbing.usage import Receipt
from resources.hashing import measure_sha256
from resources.media.wav import read_wav
from resources.purchasing.advisory_locks import AdvisoryLocks
from resources.purchasing.claims import Claims
from resources.purchasing.takes import PART_GAP_MS, Takes
from resources.storage.folder import FolderStore
from resources.storage.signing import AddressSigner
from tests.integration.purchasing.shop import MODEL, Pauses, run_all
from tests.support.disks import small_disk

RATE_HZ = 24_000
LINE = "A line of the usual length."
LONG = "One sentence here. Another one there. And a third."


class Reader:
    """Reads each text as a tone of 60 ms a character, each time at another level, as no voice says a thing twice alike.

    It proves how readings are bought and kept; nothing about voices.
    """

    name = "reader"
    max_parallel = 4

    def __init__(self) -> None:
        self.engine = f"reader-{uuid.uuid4()}"
        self.texts: list[str] = []
        self.faults: list[Exception | Speech] = []
        self._lock = threading.Lock()

    def list_voices(self):
        return ()

    def list_vendors(self, language):
        return ()

    def identify(self, voice):
        return self.engine

    def get_max_characters(self, voice):
        return 30

    def synthesize(self, text, *, voice, speed=1.0, before="", after=""):
        with self._lock:
            self.texts.append(text)
            fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Exception):
            raise fault
        speech = fault or speak(60 * len(text), level=0.2 + 0.01 * len(self.texts))
        return Answer(speech, Receipt({"characters": len(text)}, f"req-{len(self.texts)}"))


def speak(length_ms, *, level=0.3):
    tone = level * np.sin(np.arange(ms_to_frames(length_ms, RATE_HZ)) * 0.06)
    silence = np.zeros(ms_to_frames(300, RATE_HZ))
    return Speech(np.concatenate([silence, tone, silence]).astype(np.float32), RATE_HZ)


@pytest.fixture
def reader():
    return Reader()


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "store", public_url="http://127.0.0.1:1", signer=AddressSigner(tmp_path / "keys"))


@pytest.fixture
def takes(database, shop, store, reader):
    locks = AdvisoryLocks(database)
    yield Takes(database, store, shop.gate, Claims(locks), reader)
    locks.close()


@pytest.fixture
def get(takes, shop):
    voice = Voice("v", "es", vendor=shop.vendor, model=MODEL)

    def get(text, **more):
        order = shop.make_order(Pauses(lasts=True) if more.pop("lasts", False) else None)
        return takes.get(order, text, language="es", voice=more.pop("voice", voice), **more)

    return get


def measure(store, take):
    """Digest of the object, its samples, and where in them the speech lies, ms."""
    with store.fetch(take.storage_key) as file:
        samples, rate_hz = read_wav(file)
        start, end = find_speech_span(samples, rate_hz)
        return measure_sha256(file), samples, (frames_to_ms(start, rate_hz), frames_to_ms(end, rate_hz))


def describe(take):
    return take.content_key, take.storage_key, take.sha256, take.speech_start_ms, take.speech_end_ms


def test_a_take_says_what_lies_in_the_store(get, store, shop):
    take = get(LINE)
    sha256, _, span = measure(store, take)
    assert (take.sha256, (take.speech_start_ms, take.speech_end_ms)) == (sha256, span)
    row = shop.get_call()
    assert (row.usage, row.content_key, row.state) == ({"characters": len(LINE)}, take.content_key, "settled")


def test_a_text_is_read_once(get, reader, shop):
    assert describe(get(LINE)) == describe(get(LINE, before="Something else.", after="And more."))
    assert reader.texts == [LINE]
    assert len(shop.list_calls()) == 1


def test_a_reading_that_is_found_again_is_counted_with_what_it_had_cost(get, shop):
    events, saved = shop.read_found_again("synthesize")
    get(LINE)
    assert shop.read_found_again("synthesize") == (events, saved)
    get(LINE)
    get(LINE)
    cost = shop.get_call().cost_usd_micros
    assert cost > 0
    assert shop.read_found_again("synthesize") == (events + 2, saved + 2 * cost)


def test_threads_that_want_the_same_text_buy_it_once(get, reader):
    found = run_all([lambda: describe(get(LINE, lasts=True))] * 4)
    assert len(set(found)) == 1
    assert reader.texts == [LINE]


def test_another_speed_or_voice_is_another_take(get, reader, shop):
    other = Voice("w", "es", vendor=shop.vendor, model=MODEL)
    found = {take.content_key for take in (get(LINE), get(LINE, speed=1.1), get(LINE, voice=other))}
    assert len(found) == len(reader.texts) == 3


def test_a_text_is_found_at_the_nearest_speed_at_which_it_was_read(get, takes, shop):
    quick = Voice("v", "es", vendor=shop.vendor, model=MODEL, max_speed=1.5)

    def find(speed, text=LINE):
        return takes.find_speed(text, language="es", voice=quick, speed=speed)

    assert find(1.1) is None
    get(LINE, voice=quick, speed=1.15)
    assert find(1.0) == 1.15
    get(LINE, voice=quick, speed=1.05)
    assert (find(1.0), find(1.1), find(1.15)) == (1.05, 1.05, 1.15)
    assert find(1.0, "Something else that is said.") is None


def test_a_reading_that_is_paid_for_waits_for_a_store_that_is_away_and_is_not_bought_again(
    database, shop, reader, tmp_path
):
    root, voice, locks = tmp_path / "disk", Voice("v", "es", vendor=shop.vendor, model=MODEL), AdvisoryLocks(database)
    shop.outage_patience_s = 600.0
    with small_disk(root, "1m") as remount:
        store = FolderStore(root, public_url="http://127.0.0.1:1", signer=AddressSigner(tmp_path / "keys"))
        takes = Takes(database, store, shop.gate, Claims(locks), reader)
        remount("ro")
        pauses = Pauses(then=lambda: remount("rw") if len(pauses.seen) == 2 else None)
        take = takes.get(shop.make_order(pauses), LINE, language="es", voice=voice)
        assert [waiting_on for waiting_on, _ in pauses.seen] == [WaitingOn.STORE] * 2
        assert measure(store, take)[0] == take.sha256
    locks.close()
    assert reader.texts == [LINE]
    assert [call.state for call in shop.list_calls()] == ["settled"]


def test_a_take_that_the_store_lost_is_bought_again_and_described_anew(get, store, reader, database):
    lost = get(LINE)
    store.delete(lost.storage_key)
    bought = get(LINE)
    assert reader.texts == [LINE] * 2
    assert bought.sha256 != lost.sha256
    with database.transaction() as tx:
        assert describe(tx.purchases.find_take(lost.content_key)) == describe(bought)
    assert measure(store, bought)[0] == bought.sha256
    assert describe(get(LINE)) == describe(bought)
    assert len(reader.texts) == 2


def test_a_long_text_is_read_in_parts_each_paid_once_and_joined_in_order(get, store, reader, shop):
    parts = ["One sentence here.", "Another one there.", "And a third."]
    whole = get(LONG)
    assert reader.texts == parts
    assert [row.usage for row in shop.list_calls()] == [{"characters": len(part)} for part in parts]
    gap = np.zeros(ms_to_frames(PART_GAP_MS, RATE_HZ), np.float32)
    pieces = []
    for part in parts:
        take = get(part)
        samples = measure(store, take)[1]
        span = slice(ms_to_frames(take.speech_start_ms, RATE_HZ), ms_to_frames(take.speech_end_ms, RATE_HZ))
        pieces += [samples[span], gap]
    np.testing.assert_array_equal(measure(store, whole)[1], np.concatenate(pieces[:-1]))
    assert reader.texts == parts


def test_a_joined_reading_is_found_again_by_its_own_key(get, reader, store, takes, shop):
    whole = get(LONG)
    voice = Voice("v", "es", vendor=shop.vendor, model=MODEL)
    assert whole.content_key == takes.build_key(LONG, language="es", voice=voice)
    for part in ("One sentence here.", "Another one there."):
        store.delete(get(part).storage_key)
    assert describe(get(LONG)) == describe(whole)
    assert len(reader.texts) == 3


def test_only_the_lost_part_of_a_long_text_is_bought_again(get, reader, store):
    store.delete(get(LONG).storage_key)
    store.delete(get("Another one there.").storage_key)
    get(LONG)
    assert reader.texts[3:] == ["Another one there."]


def test_threads_that_want_the_same_long_text_pay_for_each_part_once(get, reader):
    found = run_all([lambda: describe(get(LONG, lasts=True))] * 4)
    assert len(set(found)) == 1
    assert sorted(reader.texts) == sorted(["One sentence here.", "Another one there.", "And a third."])


def test_a_part_that_is_said_twice_is_bought_once(get, reader):
    get("The same sentence again. The same sentence again.")
    assert reader.texts == ["The same sentence again."]


def test_a_long_text_whose_last_part_fails_keeps_the_parts_that_were_paid_for(get, reader):
    reader.faults = [None, None, *[OutcomeUnknownError("Cut.")] * CALL_TRIES]
    with pytest.raises(OutcomeUnknownError):
        get(LONG)
    reader.texts.clear()
    get(LONG)
    assert reader.texts == ["And a third."]


@pytest.mark.parametrize("speech", [speak(2_000, level=0.0), speak(50), speak(60_000)])
def test_a_reading_that_cannot_be_one_is_billed_and_asked_for_again_and_never_kept(
    get, reader, shop, database, tmp_path, speech
):
    reader.faults = [speech] * CALL_TRIES
    with pytest.raises(VendorReplyError):
        get(LINE)
    assert [(row.state, row.error_code) for row in shop.list_calls()] == [("settled", "vendor_reply")] * CALL_TRIES
    assert {row.cost_usd_micros for row in shop.list_calls()} == {30 * len(LINE)}
    with database.transaction() as tx:
        assert tx.purchases.find_take(shop.list_calls()[0].content_key) is None
    assert not list(tmp_path.rglob("*.wav"))


def test_the_second_reading_is_kept_where_only_the_first_was_silent(get, reader, shop):
    reader.faults = [speak(2_000, level=0.0)]
    assert get(LINE).speech_end_ms > 0
    assert [row.error_code for row in shop.list_calls()] == ["vendor_reply", None]
