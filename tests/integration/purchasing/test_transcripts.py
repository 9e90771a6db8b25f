import uuid

import pytest

from dubbing.engines import LOCAL, Answer
from dubbing.errors import NoSpeechError, ObjectMissingError, RecordingUnreachableError, VendorReplyError
from dubbing.transcript import Transcript, Word
from dubbing.usage import Receipt
from resources.database.tables import Upload
from resources.purchasing.advisory_locks import AdvisoryLocks
from resources.purchasing.claims import Claims
from resources.purchasing.transcripts import Transcripts
from resources.storage.folder import FolderStore
from resources.storage.signing import AddressSigner
from tests.integration.purchasing.shop import MODEL, Pauses, run_all

WORDS = (Word("Hello", 0, 400, 0.9, "1"), Word("there.", 400, 900, 0.8, "2"))
DURATION_MS = 60_000


class Listener:
    """Hears the same words in everything; keeps what it was given."""

    model = MODEL

    def __init__(self, vendor: str, words: tuple[Word, ...]) -> None:
        self.vendor = vendor
        self.name = f"listener-{uuid.uuid4()}"
        self.words = words
        self.recordings = []

    def recognize(self, recording, *, language, key_terms=()):
        self.recordings.append(recording)
        with recording.fetch() as file:
            assert file.read_bytes() == b"sound"
        return Answer(Transcript("en", DURATION_MS, self.words), Receipt({"ms": DURATION_MS}, "req-1"))


class AddressedStore(FolderStore):
    """A folder whose signed addresses are as they are told to be; nobody serves them."""

    address = "http://127.0.0.1:8000/v1/store/x"

    def sign_download(self, key, *, expires_in_s, file_name=None):
        return self.address


@pytest.fixture
def store(tmp_path):
    return AddressedStore(tmp_path / "store", public_url="http://127.0.0.1:1", signer=AddressSigner(tmp_path / "keys"))


@pytest.fixture
def upload(store, tmp_path):
    file = tmp_path / "talk"
    file.write_bytes(b"sound")
    store.put("sources/talk", file)
    return Upload(storage_key="sources/talk", sha256=uuid.uuid4().hex)


@pytest.fixture
def listener(shop):
    shop.add_price(7_700, unit="ms")
    return Listener(shop.vendor, WORDS)


@pytest.fixture
def get(database, shop, store, upload):
    locks = AdvisoryLocks(database)

    def get(listener, *, reach=None, pauses=None, **more):
        transcripts = Transcripts(database, store, shop.gate, Claims(locks), listener, is_within_reach=reach)
        order = shop.make_order(pauses)
        return transcripts.get(order, upload, DURATION_MS, language=more.pop("language", None), **more)

    yield get
    locks.close()


def test_a_recording_is_recognised_once_and_found_again_whole(get, listener, shop):
    assert get(listener) == get(listener) == Transcript("en", DURATION_MS, WORDS)
    assert len(listener.recordings) == 1
    row = shop.get_call()
    assert (row.operation, row.usage, row.state) == ("recognize", {"ms": DURATION_MS}, "settled")
    assert row.cost_usd_micros == 7_700 * 60


def test_a_transcript_that_is_found_by_its_language_saves_what_detecting_it_had_cost(get, listener, shop):
    events, saved = shop.read_found_again("recognize")
    get(listener)
    get(listener, language="en")
    cost = shop.get_call().cost_usd_micros
    assert shop.read_found_again("recognize") == (events + 1, saved + cost)


def test_jobs_that_want_the_same_recording_at_the_same_time_pay_once(get, listener):
    run_all([lambda: get(listener, pauses=Pauses(lasts=True))] * 4)
    assert len(listener.recordings) == 1


def test_the_order_of_the_key_terms_does_not_matter_and_what_they_are_does(get, listener):
    get(listener, key_terms=["b", "a"])
    get(listener, key_terms=["a", "b"])
    assert len(listener.recordings) == 1
    get(listener, key_terms=["a"])
    assert len(listener.recordings) == 2


def test_another_language_is_another_transcript(get, listener):
    get(listener, language="en")
    get(listener, language="es")
    assert len(listener.recordings) == 2


def test_a_recording_in_which_nobody_speaks_is_paid_for_once_and_refused_every_time(get, listener, shop):
    listener.words = ()
    for _ in range(3):
        with pytest.raises(NoSpeechError):
            get(listener)
    assert len(listener.recordings) == 1
    assert shop.get_call().cost_usd_micros == 7_700 * 60


@pytest.mark.parametrize(
    ("address", "reach", "is_given"),
    [
        ("https://abc.supabase.co/x", None, True),
        ("http://127.0.0.1:8000/x", None, False),
        ("http://127.0.0.1:8000/x", True, True),
        ("https://abc.supabase.co/x", False, False),
    ],
)
def test_the_recogniser_gets_an_address_only_where_it_can_be_reached_or_we_were_told_so(
    get, listener, store, address, reach, is_given
):
    store.address = address
    get(listener, reach=reach)
    (recording,) = listener.recordings
    assert (recording.sign is not None) == is_given
    assert not is_given or recording.sign() == address


@pytest.mark.parametrize("reach", [None, True, False])
def test_the_engine_of_this_machine_reads_the_file(get, store, reach):
    store.address = "https://abc.supabase.co/x"
    local = Listener(LOCAL, WORDS)
    get(local, reach=reach)
    assert local.recordings[0].sign is None


def test_the_vendor_learns_the_jobs_name_and_no_other(get, listener, shop):
    get(listener)
    assert listener.recordings[0].tag == str(shop.job_id)


def test_a_recording_that_the_store_lost_costs_nothing(get, listener, store, upload, shop):
    store.delete(upload.storage_key)
    with pytest.raises(ObjectMissingError):
        get(listener)
    assert (shop.get_call().state, shop.get_call().cost_usd_micros) == ("failed", 0)


def test_a_job_whose_language_was_detected_finds_its_transcript_when_it_asks_for_that_language(get, listener):
    heard = get(listener, language=None)
    assert get(listener, language="en") == heard
    assert len(listener.recordings) == 1


def test_a_store_that_the_vendor_cannot_reach_after_all_is_no_obstacle(get, listener, shop, store):
    def fail_on_addresses(recording, *, language, key_terms=()):
        if recording.sign is not None:
            raise RecordingUnreachableError("Not fetched.")
        return Listener.recognize(listener, recording, language=language)

    listener.recognize = fail_on_addresses
    assert get(listener, reach=True).words == WORDS
    assert [call.state for call in shop.list_calls()] == ["failed", "settled"]


def test_a_recognition_of_no_use_is_not_bought_again(get, listener, shop):
    def give_nonsense(recording, *, language, key_terms=()):
        raise VendorReplyError("Nonsense.", receipt=Receipt({"ms": DURATION_MS}, "req-1"))

    listener.recognize = give_nonsense
    with pytest.raises(VendorReplyError):
        get(listener)
    assert len(shop.list_calls()) == 1
