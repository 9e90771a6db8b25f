"""Reading boxes: as much work as there are boxes, whatever they claim to hold."""

import struct
from io import BytesIO
from pathlib import Path

import pytest

from dubbing.errors import NotMediaError, TruncatedMediaError, UnsafeMediaError
from resources.media import quicktime
from resources.media.quicktime import MAX_BOXES, Box, BoxReader, has_outside_references
from resources.media.wholeness import check_is_whole
from tests.support.audio import build_box

BEGINNING = build_box(b"ftyp", b"isom")
INSIDE = build_box(b"url ", b"\0\0\0\1")
OUTSIDE = build_box(b"url ", b"\0\0\0\0", b"file:///etc/passwd\0")


class CountingFile(BytesIO):
    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        return super().read(size)


def claim(kind: bytes, size: int = 0x7FFF_FFFF) -> bytes:
    """The head of a box that claims to be of a size."""
    return struct.pack(">I4s", size, kind)


def build_track(*references: bytes) -> bytes:
    content = build_box(b"dref", bytes(8), *references)
    for kind in (b"dinf", b"minf", b"mdia", b"trak"):
        content = build_box(kind, content)
    return content


def check(folder: Path, *boxes: bytes) -> None:
    film = folder / "film"
    film.write_bytes(b"".join((BEGINNING, *boxes)))
    check_is_whole(film, "mov")


@pytest.mark.parametrize("kind", [b"trak", b"mdia", b"minf"])
def test_children_that_claim_the_rest_of_the_file_are_read_once(kind: bytes):
    tracks = build_box(b"trak", build_box(b"mdia", claim(kind))) * 500
    file = CountingFile(tracks)
    assert not has_outside_references(BoxReader(file), Box(b"moov", 0, len(tracks), len(tracks)))
    assert file.reads < 10 * 500


def test_a_child_ends_where_its_parent_ends():
    data = build_box(b"trak", claim(b"mdia")) + build_box(b"free")
    boxes = BoxReader(BytesIO(data))
    (track, _) = boxes.read_row(0, len(data))
    (child,) = boxes.read_row(track.body, track.end)
    assert (child.end, child.declared_end) == (track.end, track.body + 0x7FFF_FFFF)


def test_boxes_are_counted_through_all_levels_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(quicktime, "MAX_BOXES", 100)
    tracks = build_box(b"moov", build_track(INSIDE) * 9)
    check(tmp_path, tracks)
    with pytest.raises(NotMediaError, match="too many parts"):
        check(tmp_path, tracks, tracks)


def test_millions_of_boxes_are_refused_and_not_read():
    file = CountingFile(build_box(b"free") * (MAX_BOXES + 10))
    with pytest.raises(NotMediaError):
        list(BoxReader(file).read_row(0, len(file.getvalue())))
    assert file.reads == MAX_BOXES


def test_a_day_in_fragments_of_a_second_is_read(tmp_path: Path):
    check(tmp_path, build_box(b"moov", build_track(INSIDE)), (build_box(b"moof") + build_box(b"mdat")) * 86_400)


@pytest.mark.parametrize(
    "movie",
    {
        "first": build_box(b"moov", build_track(OUTSIDE)),
        "in the second track": build_box(b"moov", build_track(INSIDE), build_track(OUTSIDE)),
        "in the second index": build_box(b"moov", build_track(INSIDE)) + build_box(b"moov", build_track(OUTSIDE)),
        "behind many others": build_box(b"moov", build_track(*[INSIDE] * 10_000, OUTSIDE)),
        "in a film that is only a reference": build_box(b"moov", build_box(b"rmra")),
        "in an index that breaks off": claim(b"moov") + build_track(OUTSIDE),
    }.values(),
)
def test_a_reference_out_of_the_file_is_found_wherever_it_is(tmp_path: Path, movie: bytes):
    with pytest.raises(UnsafeMediaError):
        check(tmp_path, movie)


def test_a_film_that_holds_its_sound_is_accepted(tmp_path: Path):
    check(tmp_path, build_box(b"moov", build_track(INSIDE)), build_box(b"mdat", bytes(100)))


def test_a_film_that_breaks_off_is_refused(tmp_path: Path):
    with pytest.raises(TruncatedMediaError):
        check(tmp_path, build_box(b"moov", build_track(INSIDE)), claim(b"mdat"))
