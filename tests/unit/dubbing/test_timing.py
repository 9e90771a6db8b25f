import pytest

from dubbing.timing import Fit, Placement, Slot, TimingReport, assess_timeline, plan_fit, plan_slots, plan_timeline
from dubbing.transcript import Segment


def segments(*spans_ms):
    return tuple(Segment(number, start, end, "text") for number, (start, end) in enumerate(spans_ms, start=1))


def test_a_slot_ends_a_guard_gap_before_the_next_segment():
    assert plan_slots(segments((0, 1000), (1200, 2000)), 9000)[0] == Slot(1, 0, 1150)


def test_a_slot_borrows_at_most_one_and_a_half_seconds():
    assert plan_slots(segments((0, 1000), (8000, 9000)), 9000)[0] == Slot(1, 0, 2500)


def test_the_last_slot_ends_with_the_recording():
    assert plan_slots(segments((0, 1000)), 1800) == (Slot(1, 0, 1800),)
    assert plan_slots(segments((0, 1000)), 9000) == (Slot(1, 0, 2500),)


def test_a_segment_whose_neighbour_begins_with_it_has_no_room():
    assert plan_slots(segments((1000, 3000), (1000, 2000)), 9000)[0] == Slot(1, 1000, 1000)


@pytest.mark.parametrize(
    ("take_ms", "slot_ms", "own_ms", "fit"),
    [
        (1000, 1000, 1000, Fit(1.0, 1000, 0)),
        (2400, 2500, 1000, Fit(1.0, 2400, 0)),  # borrowed room is used before any speed
        (1010, 1000, 1000, Fit(1.01, 1000, 0)),  # the room is hard
        (1300, 1000, 1000, Fit(1.3, 1000, 0)),
        (1310, 1000, 1000, Fit(1310 / 1008, 1008, 8)),
        (2600, 1000, 1000, Fit(1.3, 2000, 1000)),
        (950, 1000, 1000, Fit(1.0, 950, 0)),
        (930, 1000, 1000, Fit(1.0, 930, 0)),  # less than three per cent from filled
        (900, 1000, 1000, Fit(900 / 950, 950, 0)),
        (900, 2500, 1000, Fit(900 / 950, 950, 0)),  # slowed to its own span, never into borrowed room
        (400, 1000, 1000, Fit(400 / 470, 470, 0)),
        (400, 600, 1000, Fit(400 / 470, 470, 0)),
        (500, 2500, 0, Fit(1.0, 500, 0)),
    ],
)
def test_a_fit_takes_the_least_change_that_serves(take_ms, slot_ms, own_ms, fit):
    assert plan_fit(take_ms, slot_ms, own_ms=own_ms) == fit


def test_a_lower_ceiling_is_kept():
    assert plan_fit(1200, 1000, max_speed=1.0) == Fit(1.0, 1200, 200)


@pytest.mark.parametrize(("take_ms", "slot_ms"), [(0, 100), (100, 0), (-1, 100)])
def test_a_length_that_is_not_positive_is_refused(take_ms, slot_ms):
    with pytest.raises(ValueError, match="positive"):
        plan_fit(take_ms, slot_ms)


def test_every_take_starts_with_its_own_segment():
    timeline = plan_timeline(segments((500, 1500), (3000, 4000)), {1: 1000, 2: 1000}, 9000)
    assert timeline.placements == (Placement(1, 500, 1000, 1.0, 0), Placement(2, 3000, 1000, 1.0, 0))
    assert timeline.end_ms == 9000


def test_after_an_overflow_the_next_take_waits_for_the_guard_gap_and_has_less_room():
    timeline = plan_timeline(segments((0, 1000), (1050, 2050)), {1: 2600, 2: 1000}, 9000)
    assert timeline.placements == (Placement(1, 0, 2000, 1.3, 1000), Placement(2, 2050, 1000, 1.0, 0))


def test_lateness_is_made_good_and_does_not_accumulate():
    spans = [(number * 1000, number * 1000 + 950) for number in range(8)]
    takes_ms = {1: 2000, **dict.fromkeys(range(2, 9), 900)}
    starts_ms = [placement.start_ms for placement in plan_timeline(segments(*spans), takes_ms, 9000).placements]
    late_ms = [start - number * 1000 for number, start in enumerate(starts_ms)]
    assert late_ms == [0, 589, 332, 75, 0, 0, 0, 0]


def test_a_last_take_that_overflows_makes_the_dub_longer_than_the_recording():
    timeline = plan_timeline(segments((0, 1000)), {1: 2600}, 1000)
    assert timeline.end_ms == 2000


def test_a_failed_segment_has_no_placement_but_keeps_its_slot():
    timeline = plan_timeline(segments((0, 1000), (1100, 2000), (4000, 5000)), {1: 1300, 3: 1000}, 9000)
    assert [placement.number for placement in timeline.placements] == [1, 3]
    assert timeline.placements[0].end_ms == 1050


def test_no_takes_make_an_empty_timeline_as_long_as_the_recording():
    timeline = plan_timeline(segments((0, 1000)), {}, 7000)
    assert (timeline.placements, timeline.end_ms) == ((), 7000)


def test_a_take_of_no_segment_is_refused():
    with pytest.raises(ValueError, match="no segment"):
        plan_timeline(segments((0, 1000)), {2: 500}, 7000)


def test_takes_of_speakers_who_overlap_in_the_source_follow_one_another():
    first, second = plan_timeline(segments((0, 3000), (1000, 2000)), {1: 3000, 2: 1000}, 9000).placements
    assert (first.duration_ms, first.overflow_ms) == (2308, 2308 - 950)
    assert second.start_ms == first.end_ms + 50


def test_a_report_counts_takes_overflow_speed_and_lateness():
    all_segments = segments((0, 1000), (1050, 2050), (5000, 6000))
    report = assess_timeline(plan_timeline(all_segments, {1: 2600, 2: 1000}, 9000), all_segments)
    assert report == TimingReport(
        segments=3,
        voiced=2,
        overflowing=1,
        overflow_ms_total=1000,
        max_speed=1.3,
        mean_speed=pytest.approx(1.15),
        onset_offset_p95_ms=1000,
    )


def test_the_95th_percentile_leaves_out_the_worst_of_twenty():
    spans = [(number * 10_000, number * 10_000 + 1000) for number in range(18)]
    all_segments = segments(*spans, (180_000, 181_000), (181_050, 182_000))
    timeline = plan_timeline(all_segments, {**dict.fromkeys(range(1, 19), 1000), 19: 2600, 20: 500}, 300_000)
    assert timeline.placements[-1].start_ms > all_segments[-1].start_ms
    assert assess_timeline(timeline, all_segments).onset_offset_p95_ms == 0


def test_a_report_on_nothing_voiced_is_neutral():
    all_segments = segments((0, 1000))
    assert assess_timeline(plan_timeline(all_segments, {}, 5000), all_segments) == TimingReport(1, 0, 0, 0, 1.0, 1.0, 0)
