import pytest

from dubbing.fitting import Fit, plan_fit
from dubbing.slots import Slot, plan_slots
from dubbing.timing import Placement, Timeline, TimingReport, assess_timeline, plan_timeline
from dubbing.transcript import Segment


def segments(*spans_ms):
    return tuple(Segment(number, start, end, "text") for number, (start, end) in enumerate(spans_ms, start=1))


def talk(*turns):
    """Segments of several speakers: ("1", 0, 1000) and so on."""
    return tuple(Segment(n, start, end, "text", speaker) for n, (speaker, start, end) in enumerate(turns, start=1))


def starts(timeline):
    return [placement.start_ms for placement in timeline.placements]


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
    timeline = plan_timeline(segments((0, 1000), (1600, 2600)), {1: 2600, 2: 900}, 9000)
    assert timeline.placements == (Placement(1, 0, 2000, 1.3, 450), Placement(2, 2050, 900, 1.0, 0))


def test_lateness_is_made_good_and_does_not_accumulate():
    spans = [(number * 1501, number * 1501 + 950) for number in range(8)]  # too far apart to be merged
    takes_ms = {1: 4000, **dict.fromkeys(range(2, 9), 1700)}
    late_ms = [start - n * 1501 for n, start in enumerate(starts(plan_timeline(segments(*spans), takes_ms, 20_000)))]
    assert late_ms == [0, 1626, 1483, 1340, 1197, 1054, 911, 768]


def test_a_take_that_needs_haste_shares_the_room_of_a_neighbour_who_has_some_to_spare():
    all_segments = segments((0, 1950), (2000, 4000))
    timeline = plan_timeline(all_segments, {1: 2500, 2: 1800}, 4000)
    assert timeline.placements == (Placement(1, 0, 2084, 2500 / 2084, 0), Placement(2, 2134, 1800, 1.0, 0))
    assert assess_timeline(timeline, all_segments).merged == 1


def test_a_take_that_fits_at_the_preferred_speed_makes_nobody_late():
    assert starts(plan_timeline(segments((0, 1950), (2000, 4000)), {1: 2340, 2: 1000}, 4000)) == [0, 2000]


def test_a_merge_that_needs_more_than_the_preferred_speed_still_is_better_than_an_overflow():
    first, second = plan_timeline(segments((0, 1950), (2000, 4000)), {1: 3000, 2: 1900}, 4000).placements
    assert 1.2 < first.speed < 1.26
    assert 1.2 < second.speed < 1.26
    assert second.end_ms <= 4000
    assert (first.overflow_ms, second.overflow_ms) == (0, 0)


def test_at_most_five_neighbours_are_merged():
    spans = [(number * 1000, number * 1000 + 950) for number in range(6)]
    takes_ms = {1: 3000, **dict.fromkeys(range(2, 6), 900), 6: 100}
    # five share 4950 ms, which takes more than the ceiling; with the sixth it would be enough
    assert plan_timeline(segments(*spans), takes_ms, 6000).placements[0].speed == pytest.approx(1.3, abs=0.001)


@pytest.mark.parametrize(
    "pair",
    [
        talk(("1", 0, 1950), ("2", 2000, 4000)),
        talk(("1", 0, 1950), ("1", 2451, 4400)),
        talk(("1", 0, 1950), ("2", 1000, 1200), ("1", 2000, 4000)),
    ],
    ids=["another speaker", "a pause", "a word put in"],
)
def test_only_neighbours_of_one_speaker_without_a_pause_are_merged(pair):
    timeline = plan_timeline(pair, {1: 3200, len(pair): 500}, 9000)
    assert timeline.placements[0].speed == pytest.approx(1.3, abs=0.001)


def test_a_line_without_a_take_lends_its_room_to_nobody():
    first, _ = plan_timeline(segments((0, 1950), (2000, 4000), (4050, 6000)), {1: 2600, 3: 500}, 9000).placements
    assert (first.speed, first.overflow_ms) == (1.3, 50)


def test_the_preferred_speed_counts_the_vendors_share():
    first, _ = plan_timeline(segments((0, 1950), (2000, 4000)), {1: 2200, 2: 500}, 4000, {1: 1.15}).placements
    assert first.speed == pytest.approx(1.2 / 1.15, abs=0.001)


def test_a_take_begins_so_early_that_its_sound_is_on_time():
    all_segments = segments((1000, 2000), (2050, 3000))
    timeline = plan_timeline(all_segments, {1: 1050, 2: 1000}, 9000, leads_ms={1: 50, 2: 50})
    assert starts(timeline) == [950, 2000]
    assert [placement.onset_ms for placement in timeline.placements] == [1000, 2050]
    assert assess_timeline(timeline, all_segments).onset_offset_p95_ms == 0


def test_no_take_begins_before_the_recording():
    assert starts(plan_timeline(segments((20, 1000)), {1: 900}, 9000, leads_ms={1: 50})) == [0]


def test_silence_before_a_take_that_does_not_fit_the_guard_gap_is_refused():
    with pytest.raises(ValueError, match="guard gap"):
        plan_timeline(segments((0, 1000)), {1: 900}, 9000, leads_ms={1: 51})


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


def test_takes_of_one_speaker_follow_one_another_even_if_the_segments_overlap():
    first, second = plan_timeline(segments((0, 3000), (1000, 2000)), {1: 3000, 2: 1000}, 9000).placements
    assert second.start_ms == first.end_ms + 50


def test_a_word_put_in_is_heard_over_the_other_speaker():
    timeline = plan_timeline(talk(("1", 0, 3000), ("2", 1000, 1500)), {1: 3000, 2: 500}, 9000)
    assert timeline.placements == (Placement(1, 0, 3000, 1.0, 0), Placement(2, 1000, 500, 1.0, 0))


def test_who_takes_the_turn_does_not_come_in_sooner_before_the_end_than_in_the_recording():
    first, second = plan_timeline(talk(("1", 0, 2000), ("2", 1800, 4000)), {1: 3900, 2: 1000}, 9000).placements
    assert (first.end_ms, first.overflow_ms) == (3000, 1000)
    assert second.start_ms == 2800


def test_speakers_who_do_not_overlap_in_the_recording_do_not_in_the_dub():
    first, second = plan_timeline(talk(("1", 0, 2000), ("2", 2000, 4000)), {1: 3900, 2: 1000}, 9000).placements
    assert second.start_ms == first.end_ms + 50


def test_takes_come_in_the_order_of_their_segments_whatever_silence_they_begin_with():
    timeline = plan_timeline(talk(("1", 1000, 2000), ("2", 1000, 2000)), {1: 950, 2: 950}, 9000, leads_ms={2: 50})
    assert starts(timeline) == [1000, 1000]


def test_a_merged_take_that_another_speaker_makes_late_may_be_as_fast_as_any():
    turns = talk(("2", 0, 2000), ("1", 500, 1900), ("1", 2100, 4000))
    _, first, second = plan_timeline(turns, {1: 6000, 2: 2000, 3: 1100}, 9000).placements
    assert first.speed == pytest.approx(1.2, abs=0.001)
    assert second.start_ms == 4666
    assert second.speed == pytest.approx(1.3, abs=0.002)


def test_nobody_borrows_the_time_in_which_another_speaks():
    slots = plan_slots(talk(("1", 0, 1000), ("2", 500, 1800), ("1", 3000, 4000)), 9000)
    assert slots[:2] == (Slot(1, 0, 1000), Slot(2, 500, 2950))


def test_a_speaker_who_is_interrupted_keeps_the_whole_span():
    slots = plan_slots(talk(("1", 0, 3000), ("2", 1000, 1500), ("2", 3400, 4000)), 9000)
    assert slots[:2] == (Slot(1, 0, 3350), Slot(2, 1000, 1500))


def test_a_long_speech_is_heard_behind_everyone_who_puts_a_word_in():
    slots = plan_slots(talk(("1", 0, 9000), ("2", 1000, 1500), ("3", 4000, 4500)), 20_000)
    assert [(slot.start_ms, slot.end_ms) for slot in slots[1:]] == [(1000, 1500), (4000, 4500)]


def test_a_report_counts_takes_overflow_speed_and_lateness():
    all_segments = segments((0, 1000), (1600, 2600), (5000, 6000))
    report = assess_timeline(plan_timeline(all_segments, {1: 2600, 2: 1000}, 9000), all_segments)
    assert report == TimingReport(
        segments=3,
        voiced=2,
        overflowing=1,
        overflow_ms_total=450,
        max_speed=1.3,
        mean_speed=pytest.approx(1.15),
        onset_offset_p95_ms=450,
        onset_offset_p50_ms=0,
        drift_ms=450,
    )


def test_drift_is_how_much_later_the_end_is_than_the_beginning():
    all_segments = segments(*((number * 2000, number * 2000 + 1000) for number in range(40)))
    placed = tuple(Placement(s.number, s.start_ms + 10 * s.number, 500, 1.0, 0) for s in all_segments)
    report = assess_timeline(Timeline(placed, 90_000), all_segments)
    assert report.drift_ms == 360
    assert report.onset_offset_p50_ms == 200


def test_the_95th_percentile_leaves_out_the_worst_of_twenty():
    spans = [(number * 10_000, number * 10_000 + 1000) for number in range(18)]
    all_segments = segments(*spans, (180_000, 181_000), (181_600, 182_500))
    timeline = plan_timeline(all_segments, {**dict.fromkeys(range(1, 19), 1000), 19: 2600, 20: 500}, 300_000)
    assert timeline.placements[-1].start_ms > all_segments[-1].start_ms
    assert assess_timeline(timeline, all_segments).onset_offset_p95_ms == 0


def test_a_report_on_nothing_voiced_is_neutral():
    all_segments = segments((0, 1000))
    assert assess_timeline(plan_timeline(all_segments, {}, 5000), all_segments) == TimingReport(1, 0, 0, 0, 1.0, 1.0, 0)
