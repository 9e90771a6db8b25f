from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from dubbing.timing import (
    FILLED_SHARE,
    GUARD_GAP_MS,
    MAX_BORROW_MS,
    assess_timeline,
    plan_fit,
    plan_slots,
    plan_timeline,
)
from dubbing.transcript import Segment

lengths_ms = st.integers(1, 30_000)


@st.composite
def scenes(draw):
    """Segments in order of start, which may overlap, takes for some of them, and a recording of any length."""
    segments, takes_ms, start_ms = [], {}, 0
    steps = st.tuples(st.integers(0, 6000), st.integers(0, 6000), st.none() | st.integers(1, 12_000))
    for number, (step_ms, own_ms, take_ms) in enumerate(draw(st.lists(steps, max_size=25)), start=1):
        start_ms += step_ms
        segments.append(Segment(number, start_ms, start_ms + own_ms, "text"))
        if take_ms is not None:
            takes_ms[number] = take_ms
    return segments, takes_ms, draw(st.integers(0, 200_000))


@settings(max_examples=200, deadline=None)
@given(lengths_ms, lengths_ms, lengths_ms)
def test_a_fit_stays_between_its_limits_in_whole_milliseconds(take_ms, slot_ms, own_ms):
    duration_ms = plan_fit(take_ms, slot_ms, own_ms=own_ms).duration_ms
    assert 100 * take_ms <= 130 * duration_ms
    assert 100 * take_ms >= 85 * duration_ms


@settings(max_examples=200, deadline=None)
@given(lengths_ms, lengths_ms, lengths_ms)
def test_a_fit_overflows_only_at_the_ceiling(take_ms, slot_ms, own_ms):
    fit = plan_fit(take_ms, slot_ms, own_ms=own_ms)
    assert fit.overflow_ms == max(0, fit.duration_ms - slot_ms)
    if fit.overflow_ms:
        assert 130 * (fit.duration_ms - 1) < 100 * take_ms


@settings(max_examples=200, deadline=None)
@given(lengths_ms, lengths_ms, lengths_ms)
def test_a_take_that_fits_is_never_sped_up_nor_slowed_beyond_its_own_span(take_ms, slot_ms, own_ms):
    fit = plan_fit(take_ms, slot_ms, own_ms=own_ms)
    if take_ms <= slot_ms:
        assert fit.speed <= 1.0
        assert fit.duration_ms <= max(take_ms, FILLED_SHARE * min(own_ms, slot_ms))


@settings(max_examples=200, deadline=None)
@given(lengths_ms, lengths_ms)
def test_a_longer_take_ends_sooner_at_most_by_the_three_per_cent_left_alone(take_ms, slot_ms):
    assert 97 * plan_fit(take_ms, slot_ms).duration_ms <= 100 * plan_fit(take_ms + 50, slot_ms).duration_ms


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_slots_keep_the_guard_gap_and_the_limit_on_borrowing(scene):
    segments, _, total_ms = scene
    slots = plan_slots(segments, total_ms)
    for slot, segment in zip(slots, segments, strict=True):
        assert segment.start_ms == slot.start_ms <= slot.end_ms <= segment.end_ms + MAX_BORROW_MS
    for slot, following in pairwise(slots):
        assert slot.end_ms <= max(slot.start_ms, following.start_ms - GUARD_GAP_MS)


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_a_timeline_holds_every_take_in_order_and_apart(scene):
    segments, takes_ms, total_ms = scene
    timeline = plan_timeline(segments, takes_ms, total_ms)
    assert [placement.number for placement in timeline.placements] == sorted(takes_ms)
    for placement, following in pairwise(timeline.placements):
        assert placement.end_ms + GUARD_GAP_MS <= following.start_ms
    assert timeline.end_ms == max([total_ms, *(placement.end_ms for placement in timeline.placements)])


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_a_take_is_late_only_because_the_one_before_it_still_speaks(scene):
    segments, takes_ms, total_ms = scene
    free_ms = 0
    for placement in plan_timeline(segments, takes_ms, total_ms).placements:
        assert placement.start_ms == max(segments[placement.number - 1].start_ms, free_ms)
        free_ms = placement.end_ms + GUARD_GAP_MS


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_a_timeline_never_passes_the_ceiling_and_overflows_only_there(scene):
    segments, takes_ms, total_ms = scene
    ends_ms = {slot.number: slot.end_ms for slot in plan_slots(segments, total_ms)}
    for placement in plan_timeline(segments, takes_ms, total_ms).placements:
        take_ms = takes_ms[placement.number]
        assert 100 * take_ms <= 130 * placement.duration_ms
        assert placement.overflow_ms == max(0, placement.end_ms - ends_ms[placement.number])
        if placement.overflow_ms > 1:  # a slot without any room counts as one millisecond
            assert 130 * (placement.duration_ms - 1) < 100 * take_ms


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_a_report_agrees_with_its_timeline(scene):
    segments, takes_ms, total_ms = scene
    timeline = plan_timeline(segments, takes_ms, total_ms)
    report = assess_timeline(timeline, segments)
    assert (report.segments, report.voiced) == (len(segments), len(takes_ms))
    assert (report.overflowing == 0) == (report.overflow_ms_total == 0)
    assert report.max_speed <= 1.3
    assert report.onset_offset_p95_ms >= 0
