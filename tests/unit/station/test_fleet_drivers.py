"""When cars come to a fleet, and what its counts come to."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.station.simulator.fleet.charts import Line, line_chart, round_up
from voltline.station.simulator.fleet.drivers import wait_s
from voltline.station.simulator.fleet.profile import HOUR_S, Arrivals
from voltline.station.simulator.fleet.tally import ActionTally, Histogram, Tally, sample, total

EVENING = tuple(1.0 if hour in (17, 18) else 0.0 for hour in range(24))


@given(st.integers(0, 10_000), st.floats(0, 24, exclude_max=True))
def test_cars_come_only_in_the_hours_that_have_a_weight(seed: int, hour: float) -> None:
    came = hour + wait_s(Arrivals(cars_a_day=2.0, by_hour=EVENING), hour, Random(seed)) / HOUR_S
    assert 17 <= came % 24 <= 19


def test_as_many_cars_come_in_a_day_as_the_profile_says() -> None:
    chance, arrivals = Random(3), Arrivals(cars_a_day=5.0, by_hour=EVENING)
    at_h, cars = 0.0, 0
    while at_h < 24 * 1000:
        at_h += wait_s(arrivals, at_h % 24, chance) / HOUR_S
        cars += 1
    assert cars / 1000 == pytest.approx(5.0, rel=0.05)


@given(st.lists(st.floats(1e-4, 300), min_size=1, max_size=200), st.sampled_from((50, 95, 99)))
def test_a_percentile_is_right_within_a_tenth(durations: list[float], percent: int) -> None:
    histogram = Histogram()
    for one in durations:
        histogram.add(one)
    exact = sorted(durations)[max(0, math.ceil(percent / 100 * len(durations)) - 1)]
    found = histogram.percentile_s(percent)
    assert found is not None
    assert exact * 0.999999 <= found <= exact * 1.100001


def test_nothing_answered_has_no_percentile() -> None:
    assert Histogram().percentile_s(99) is None


def counted(answered: int, seconds: float, **counts: int) -> Tally:
    latency = Histogram()
    for _ in range(answered):
        latency.add(seconds)
    return Tally(actions={"Heartbeat": ActionTally(answered, 0, latency)}, **counts)


def test_processes_are_added_up() -> None:
    whole = total([counted(2, 0.001, connected=3, queued=1), counted(5, 0.001, connected=4)])
    assert (whole.connected, whole.queued, whole.answered, whole.latency().count) == (7, 1, 7, 7)


def test_a_sample_tells_of_its_interval_alone() -> None:
    before, slow = counted(100, 0.001), counted(10, 2.0)
    now = total([before, slow])
    interval = sample(7.0, 2.0, before, now)
    assert interval.rate == 5.0
    assert interval.p50_ms == pytest.approx(2000, rel=0.1)


@given(st.floats(1e-6, 1e9))
def test_an_axis_ends_at_a_round_number_not_far_above(value: float) -> None:
    top = round_up(value)
    assert value <= top * 1.000001
    assert top <= value * 2.500001


def test_a_chart_keeps_every_peak_and_has_gaps_where_nothing_was_measured() -> None:
    values: list[float | None] = [1.0] * 1000
    values[501] = 90.0
    values[700:710] = [None] * 10
    drawn = line_chart(
        "Rate", "a second", [float(one) for one in range(1000)], [Line("rate", "#000", values)]
    )
    assert drawn.count("<polyline") == 2
    assert ">100<" in drawn  # the axis reaches the peak
    assert drawn.startswith("<svg")
    assert drawn.endswith("</svg>")
