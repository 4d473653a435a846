"""How long a finding stands, which charge points are looked at, and what is told when."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from voltline.central.domain.findings import Seen, ShownFrame, fingerprint, quiet_time, together
from voltline.central.domain.sampling import SLOTS, Sampling, slot_of
from voltline.central.domain.stations import StationKey
from voltline.central.inspecting.reporting import MOST_NEW, MOST_WAITING, REPEAT_AFTER_S, Reporter
from voltline.inspection.findings import Finding, Severity, Who

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def seen(key: int = 1, second: int = 0, **changes: object) -> Seen:
    at = NOON + timedelta(seconds=second)
    finding = Finding(
        detector="R01",
        severity=Severity.WARNING,
        station=f"CP{key}",
        connector=None,
        first_at=at,
        last_at=at,
        title="Unanswered call",
        text=f"after {second} s",
        evidence=(),
        who=Who.BACK_END,
        next_step="Look.",
    )
    return Seen(StationKey(key), msgspec.structs.replace(finding, **changes), (ShownFrame(at, "in", "[2"),))


@pytest.mark.parametrize(
    ("detector", "times_opened", "quiet"),
    [
        ("C01", 1, timedelta(hours=1)),
        ("R01", 2, timedelta(hours=2)),
        ("P01", 1, timedelta(hours=1)),
        ("T01", 1, DAY),
        ("OWN-7", 1, DAY),
        ("T01", 2, 2 * DAY),
        ("T01", 4, 7 * DAY),
        ("T01", 10**9, 7 * DAY),
    ],
)
def test_fault_is_over_after_a_time_that_fits_its_detector(
    detector: str, times_opened: int, quiet: timedelta
) -> None:
    assert quiet_time(detector, times_opened, DAY) == quiet


def test_time_that_somebody_set_shorter_holds_for_all() -> None:
    assert quiet_time("C01", 1, timedelta(minutes=6)) == timedelta(minutes=6)
    assert quiet_time("T01", 1, timedelta(minutes=6)) == timedelta(minutes=6)


def test_fingerprint_is_the_same_fault_whenever_it_is_seen_and_another_for_another() -> None:
    one = fingerprint(seen().finding)
    assert one == fingerprint(seen(second=99, text="else", severity=Severity.ERROR, count=7).finding)
    others = [
        seen(connector=1),
        seen(connector=0),
        seen(detector="R02"),
        seen(title="Another"),
        seen(title="\ud800"),
    ]
    assert len({one, *(fingerprint(other.finding) for other in others)}) == 6


def test_two_sights_together_have_the_worse_severity_and_both_times() -> None:
    both = together(seen(severity=Severity.ERROR, count=2), seen(second=60))
    assert (both.finding.severity, both.finding.count) == (Severity.ERROR, 3)
    assert (both.finding.first_at, both.finding.last_at) == (NOON, NOON + timedelta(seconds=60))
    assert both.finding.text == "after 60 s"
    assert len(both.frames) == 2


def test_all_charge_points_are_looked_at_until_there_is_no_time_for_it() -> None:
    sampling = Sampling()
    assert sampling.share == 1.0
    assert all(sampling.takes(StationKey(key)) for key in range(3000))


def test_charge_points_are_spread_over_the_slots_evenly() -> None:
    assert {slot_of(StationKey(key)) for key in range(SLOTS)} == set(range(SLOTS))


def test_charge_point_is_left_out_wholly_while_the_inspector_is_behind() -> None:
    sampling = Sampling()
    assert sampling.behind(0)
    assert not sampling.behind(1)  # what waits already takes its time
    taken = {key for key in range(SLOTS) if sampling.takes(StationKey(key))}
    assert len(taken) == SLOTS * 3 // 4
    assert sampling.behind(6)
    fewer = {key for key in range(SLOTS) if sampling.takes(StationKey(key))}
    assert fewer < taken


def test_all_are_looked_at_again_once_it_has_caught_up() -> None:
    sampling = Sampling()
    for now in range(0, 1000, 10):
        sampling.behind(now)
    assert sampling.kept == 1
    assert not Sampling().caught_up(1000)
    for later in range(1000, 5000, 40):
        sampling.caught_up(later)
    assert sampling.share == 1.0


def test_number_that_does_not_fit_into_memory_is_not_tried_again() -> None:
    sampling = Sampling()
    sampling.too_many(0)
    for now in range(100, 1000, 50):
        sampling.caught_up(now)
    assert sampling.share == 0.75


def test_new_fault_is_told_at_once_and_its_repeats_later_together() -> None:
    reporter = Reporter()
    reporter.add(seen())
    assert [one.finding.count for one in reporter.due(0)] == [1]
    for second in range(1, 5):
        reporter.add(seen(second=second))
    assert reporter.due(REPEAT_AFTER_S - 1) == []
    assert reporter.waiting
    (repeats,) = reporter.due(REPEAT_AFTER_S)
    assert (repeats.finding.count, repeats.finding.text) == (4, "after 4 s")
    assert not reporter.waiting


def test_fault_that_gets_worse_is_told_at_once_with_the_repeats_before() -> None:
    reporter = Reporter()
    reporter.add(seen())
    reporter.due(0)
    reporter.add(seen(second=1))
    reporter.add(seen(second=2, severity=Severity.CRITICAL))
    (worse,) = reporter.due(1)
    assert (worse.finding.count, worse.finding.severity) == (2, Severity.CRITICAL)


def test_many_faults_at_once_are_told_one_part_after_the_other() -> None:
    reporter = Reporter()
    for key in range(MOST_NEW + 50):
        reporter.add(seen(key))
    assert [len(reporter.due(0)), len(reporter.due(0)), len(reporter.due(0))] == [MOST_NEW, 50, 0]


def test_faults_that_are_too_many_are_counted() -> None:
    reporter = Reporter()
    for number in range(MOST_WAITING + 5):
        reporter.add(seen(title=f"Fault {number}"))
    assert reporter.dropped == 5
