from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from dubbing.fitting import FILLED_SHARE, MAX_SPEED, plan_fit
from dubbing.segmentation import MAX_MERGED
from dubbing.slots import GUARD_GAP_MS, MAX_BORROW_MS, plan_slots
from dubbing.timing import Placement, Timeline, assess_timeline, plan_timeline
from dubbing.transcript import Segment

SPEAKERS = ["1", "1", "2"]
lengths_ms = st.integers(1, 30_000)


@dataclass(frozen=True)
class Scene:
    """Segments in order of start, which may overlap, takes for some of them, and a recording of any length."""

    segments: list[Segment]
    takes_ms: dict[int, int]
    vendor_speeds: dict[int, float]
    leads_ms: dict[int, int]
    total_ms: int

    def plan(self) -> Timeline:
        return plan_timeline(self.segments, self.takes_ms, self.total_ms, self.vendor_speeds, self.leads_ms)

    def get_segment(self, placement: Placement) -> Segment:
        return self.segments[placement.number - 1]


steps = st.tuples(
    st.integers(0, 6000),
    st.integers(0, 6000),
    st.sampled_from(SPEAKERS),
    st.none() | st.integers(1, 12_000),
    st.sampled_from([1.0, 1.1, 1.15, 1.3]),
    st.integers(0, GUARD_GAP_MS),
)


@st.composite
def scenes(draw):
    segments, takes_ms, vendor_speeds, leads_ms, start_ms = [], {}, {}, {}, 0
    for number, (step_ms, own_ms, speaker, take_ms, vendor_speed, lead_ms) in enumerate(
        draw(st.lists(steps, max_size=12)), start=1
    ):
        start_ms += step_ms
        segments.append(Segment(number, start_ms, start_ms + own_ms, "text", speaker))
        if take_ms is not None:
            takes_ms[number], vendor_speeds[number], leads_ms[number] = take_ms, vendor_speed, lead_ms
    return Scene(segments, takes_ms, vendor_speeds, leads_ms, draw(st.integers(0, 100_000)))


def pairs(placements):
    return [(a, b) for index, a in enumerate(placements) for b in placements[index + 1 :]]


@settings(max_examples=100, deadline=None)
@given(lengths_ms, lengths_ms, lengths_ms)
def test_a_fit_stays_between_its_limits_in_whole_milliseconds(take_ms, slot_ms, own_ms):
    duration_ms = plan_fit(take_ms, slot_ms, own_ms=own_ms).duration_ms
    assert 100 * take_ms <= 130 * duration_ms
    assert 100 * take_ms >= 85 * duration_ms


@settings(max_examples=100, deadline=None)
@given(lengths_ms, lengths_ms, lengths_ms)
def test_a_fit_overflows_only_at_the_ceiling(take_ms, slot_ms, own_ms):
    fit = plan_fit(take_ms, slot_ms, own_ms=own_ms)
    assert fit.overflow_ms == max(0, fit.duration_ms - slot_ms)
    if fit.overflow_ms:
        assert 130 * (fit.duration_ms - 1) < 100 * take_ms


@settings(max_examples=100, deadline=None)
@given(lengths_ms, lengths_ms, lengths_ms)
def test_a_take_that_fits_is_never_sped_up_nor_slowed_beyond_its_own_span(take_ms, slot_ms, own_ms):
    fit = plan_fit(take_ms, slot_ms, own_ms=own_ms)
    if take_ms <= slot_ms:
        assert fit.speed <= 1.0
        assert fit.duration_ms <= max(take_ms, FILLED_SHARE * min(own_ms, slot_ms))


@settings(max_examples=100, deadline=None)
@given(lengths_ms, lengths_ms)
def test_a_longer_take_ends_sooner_at_most_by_the_three_per_cent_left_alone(take_ms, slot_ms):
    assert 97 * plan_fit(take_ms, slot_ms).duration_ms <= 100 * plan_fit(take_ms + 50, slot_ms).duration_ms


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_a_slot_keeps_its_distance_and_borrows_nothing_but_silence(scene):
    segments, total_ms = scene.segments, scene.total_ms
    for slot, segment in zip(plan_slots(segments, total_ms), segments, strict=True):
        assert segment.start_ms == slot.start_ms <= slot.end_ms <= max(segment.start_ms, total_ms)
        assert slot.end_ms <= segment.end_ms + MAX_BORROW_MS
        for other in segments[segment.number :]:
            if other.speaker == segment.speaker or other.start_ms >= segment.end_ms:
                assert slot.end_ms <= max(slot.start_ms, other.start_ms - GUARD_GAP_MS)
        for other in segments:
            is_heard = other.start_ms < segment.end_ms < other.end_ms and other.speaker != segment.speaker
            assert not is_heard or slot.end_ms <= segment.end_ms


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_a_speaker_who_is_talked_over_keeps_the_own_span(scene):
    for slot, segment in zip(plan_slots(scene.segments, scene.total_ms), scene.segments, strict=True):
        behind = [other.start_ms for other in scene.segments[segment.number :] if other.speaker == segment.speaker]
        behind += [other.start_ms for other in scene.segments if other.start_ms >= segment.end_ms]
        if all(start_ms - GUARD_GAP_MS >= segment.end_ms for start_ms in [scene.total_ms + GUARD_GAP_MS, *behind]):
            assert slot.end_ms >= segment.end_ms


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_a_timeline_holds_every_take_in_order_and_each_speaker_apart(scene):
    timeline = scene.plan()
    placements = timeline.placements
    assert [placement.number for placement in placements] == sorted(scene.takes_ms)
    assert all(placement.start_ms <= following.start_ms for placement, following in pairwise(placements))
    for speaker in set(SPEAKERS):
        own = [placement for placement in placements if scene.get_segment(placement).speaker == speaker]
        for placement, following in pairwise(own):
            lead_ms = scene.leads_ms[following.number]
            assert placement.end_ms + GUARD_GAP_MS <= following.start_ms + lead_ms
    assert timeline.end_ms == max([scene.total_ms, *(placement.end_ms for placement in placements)])
    assert timeline == scene.plan()


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_takes_of_two_speakers_overlap_only_where_their_segments_do(scene):
    placements = scene.plan().placements
    for placement, following in pairs(placements):
        earlier, later = scene.get_segment(placement), scene.get_segment(following)
        if earlier.end_ms <= later.start_ms:
            assert placement.end_ms <= following.start_ms
        elif earlier.speaker != later.speaker and later.end_ms > earlier.end_ms:
            together_ms = placement.end_ms - following.start_ms - scene.leads_ms[following.number]
            assert together_ms <= earlier.end_ms - later.start_ms


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_a_take_is_never_early_and_late_only_because_of_one_before_it(scene):
    placements = scene.plan().placements
    for done, placement in enumerate(placements):
        segment, lead_ms = scene.get_segment(placement), scene.leads_ms[placement.number]
        assert placement.start_ms >= max(0, segment.start_ms - lead_ms)
        assert placement.onset_ms >= segment.start_ms - lead_ms // 4 - 1  # the time-stretch shortens its silence
        if placement.start_ms > max(0, segment.start_ms - lead_ms):
            latest_ms = placement.start_ms + lead_ms
            assert any(
                e.start_ms == placement.start_ms or e.end_ms + GUARD_GAP_MS >= latest_ms for e in placements[:done]
            )


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_a_timeline_never_passes_the_ceiling_and_overflows_only_there(scene):
    for placement in scene.plan().placements:
        take_ms, vendor_speed = scene.takes_ms[placement.number], scene.vendor_speeds[placement.number]
        assert take_ms * vendor_speed <= max(MAX_SPEED, vendor_speed) * placement.duration_ms * (1 + 1e-9)
        assert take_ms >= 0.85 * placement.duration_ms
        if placement.overflow_ms > 1:  # a slot without any room counts as one millisecond
            assert MAX_SPEED * (placement.duration_ms - 1) < take_ms * vendor_speed * (1 + 1e-9)


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_what_passes_the_slot_is_overflow_or_the_room_of_a_near_neighbour(scene):
    placements = scene.plan().placements
    slots = plan_slots(scene.segments, scene.total_ms)
    for placement in placements:
        number = placement.number
        shared = [slot.end_ms for slot in slots[number - 1 : number - 1 + MAX_MERGED]]
        assert placement.end_ms <= max(shared) + placement.overflow_ms
        is_alone = (
            number + 1 not in scene.takes_ms or scene.segments[number].speaker != scene.segments[number - 1].speaker
        )
        if is_alone:
            assert placement.overflow_ms == max(0, placement.end_ms - slots[number - 1].end_ms)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(200, 6000), st.integers(0, 600), st.floats(0.5, 1.6)), min_size=1, max_size=20))
def test_a_merge_never_needs_more_speed_nor_leaves_more_over_than_each_take_alone(steps):
    segments, takes_ms, now_ms = [], {}, 0
    for number, (own_ms, gap_ms, share) in enumerate(steps, start=1):
        segments.append(Segment(number, now_ms, now_ms + own_ms, "text"))
        takes_ms[number] = max(1, round(own_ms * share))
        now_ms += own_ms + gap_ms
    spread = [replace(segment, number=3 * segment.number) for segment in segments]  # numbers apart: nobody is near
    merged = plan_timeline(segments, takes_ms, now_ms)
    alone = plan_timeline(spread, {3 * number: take_ms for number, take_ms in takes_ms.items()}, now_ms)
    assert max(p.speed for p in merged.placements) <= max(1.2, *(p.speed for p in alone.placements)) + 1e-9
    assert sum(p.overflow_ms > 0 for p in merged.placements) <= sum(p.overflow_ms > 0 for p in alone.placements)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000).map(Random))
def test_an_hour_of_dense_speech_does_not_drift(random):
    """Takes that fit on average: now a third too long, now too short."""
    segments, takes_ms, now_ms = [], {}, 0
    while now_ms < 3_600_000:
        own_ms = random.randint(800, 9000)
        segments.append(Segment(len(segments) + 1, now_ms, now_ms + own_ms, "text"))
        takes_ms[len(segments)] = round(own_ms * random.choice([0.7, 0.9, 1.0, 1.1, 1.3]))
        now_ms += own_ms + random.randint(50, 500)
    takes_ms[len(segments)] = takes_ms[len(segments) - 1] = 500
    leads_ms = dict.fromkeys(takes_ms, GUARD_GAP_MS)
    timeline = plan_timeline(segments, takes_ms, now_ms, leads_ms=leads_ms)
    report = assess_timeline(timeline, segments)
    assert abs(timeline.placements[-1].onset_ms - segments[-1].start_ms) <= 120
    assert abs(report.drift_ms) <= 120
    assert report.onset_offset_p50_ms <= 15
    assert report.overflowing == 0
    assert report.max_speed <= 1.3


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_a_report_agrees_with_its_timeline(scene):
    report = assess_timeline(scene.plan(), scene.segments)
    assert (report.segments, report.voiced) == (len(scene.segments), len(scene.takes_ms))
    assert (report.overflowing == 0) == (report.overflow_ms_total == 0)
    assert report.max_speed <= 1.3
    assert 0 <= report.onset_offset_p50_ms <= report.onset_offset_p95_ms
    assert report.merged + report.overflowing <= report.voiced
