"""Lines in which the original stays: how much of it is heard, and what a dub of nothing else counts as."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from dub_assets import mixing_desk
from dub_assets.manifest_entries import assess_lines, share_voiced
from dub_assets.mixing_desk import MixingDesk
from dub_assets.stage import Stage
from dubbing.delivery import Delivery
from dubbing.mixing import Loudness
from dubbing.stages import SegmentedTranscript, VoicedSegment
from dubbing.transcript import Segment
from resources.machine_slots import MachineSlots
from resources.media.bed import Bed
from resources.media.inspection import SourceAudio
from resources.media.voice_track import VoiceTrack

SEGMENTS = (
    Segment(1, 0, 1000, "a"),
    Segment(2, 1500, 2500, "b"),
    Segment(3, 2550, 3000, "c"),
    Segment(4, 5000, 6000, "d"),
)
TRANSCRIPT = SegmentedTranscript("en", 9000, SEGMENTS)


def keep(segment: Segment) -> VoicedSegment:
    duration_ms = segment.end_ms - segment.start_ms
    return VoicedSegment(segment.number, "x", "v", start_ms=segment.start_ms, duration_ms=duration_ms, is_original=True)


def speak(segment: Segment, duration_ms: int) -> VoicedSegment:
    return VoicedSegment(segment.number, "x", "v", "key", start_ms=segment.start_ms, duration_ms=duration_ms)


def find_original_spans(*lines: VoicedSegment) -> tuple[tuple[int, int], ...]:
    desk = cast(MixingDesk, SimpleNamespace(transcript=TRANSCRIPT))
    return MixingDesk._find_original_spans(desk, lines)


def test_the_original_is_heard_as_far_around_a_kept_line_as_its_speech_was_taken_out():
    first, second, third, fourth = SEGMENTS
    lines = (speak(first, 1300), keep(second), speak(third, 400), keep(fourth))
    assert find_original_spans(*lines) == ((1320, 2530), (4700, 6300))


def test_of_a_lost_neighbours_words_nothing_is_heard_and_kept_neighbours_run_into_each_other():
    first, second, third, _ = SEGMENTS
    lost = VoicedSegment(4, "x", "v", error_code="synthesis_failed")
    assert find_original_spans(keep(first), keep(second), keep(third), lost) == ((0, 1300), (1200, 2800), (2250, 3300))


def test_under_a_kept_line_itself_the_original_is_not_ducked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    first, second, *_ = SEGMENTS
    loudness, asked = Loudness(-20.0, -3.0, 5.0), {}

    def write_nothing(placed: object, ffmpeg: object, **wanted: object) -> VoiceTrack:
        asked.update(wanted)
        return VoiceTrack(tmp_path, 48_000, 1300, loudness)

    monkeypatch.setattr(mixing_desk, "write_voice_track", write_nothing)
    desk = MixingDesk(
        stage=cast(Stage, SimpleNamespace(container=SimpleNamespace(ffmpeg=None))),
        delivery=Delivery(bed="none"),
        title="",
        recording=tmp_path,
        source=cast(SourceAudio, SimpleNamespace(duration_ms=9000, loudness=loudness, channels=1)),
        bed=cast(Bed, SimpleNamespace(rate_hz=48_000)),
        transcript=TRANSCRIPT,
        takes={},
        slots=MachineSlots(tmp_path, "mixing", 1),
    )
    inputs = desk._prepare([replace(speak(first, 1300), take_key=None), keep(second)], tmp_path, lambda _: None)
    assert asked["kept"] == ((1500, 2500),)
    assert inputs.kept == ((1200, 2530),)


def test_a_dub_in_which_every_line_is_kept_lacks_nothing():
    timing = assess_lines(TRANSCRIPT, [keep(segment) for segment in SEGMENTS])
    assert (timing.segments, timing.voiced, timing.overflowing, timing.max_speed) == (4, 0, 0, 1.0)
    assert share_voiced(timing, 4) == 1.0


def test_of_the_lines_to_be_spoken_those_that_are_count():
    first, *others = SEGMENTS
    timing = assess_lines(TRANSCRIPT, [speak(first, 900), *map(keep, others[:2])])
    assert share_voiced(timing, 2) == 0.5
