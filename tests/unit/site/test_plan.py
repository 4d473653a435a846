"""The day-ahead plan: ready in time, within the lines, as cheap as can be."""

import pytest

pytest.importorskip("scipy")

from voltline.smart_charging.site.plan import Stay, day_plan

HOUR_S = 3600.0
KWH_AT_10_A = 10 * 230 * 3 / 1000


def a_stay(energy_wh, arrives_s=0.0, leaves_s=4 * HOUR_S, lines=(0, 1, 2)):
    return Stay(arrives_s, leaves_s, energy_wh, 6.0, 16.0, 3, lines)


def test_a_car_charges_in_the_cheapest_hours_of_its_stay():
    made = day_plan([a_stay(KWH_AT_10_A * 1000)], [(20.0,) * 3] * 4, [0.4, 0.1, 0.3, 0.2], HOUR_S)
    assert made.currents_a == ((0.0, 10.0, 0.0, 0.0),)
    assert made.short_wh == pytest.approx((0.0,), abs=1)
    assert made.cost == pytest.approx(0.1 * KWH_AT_10_A, rel=0.01)


def test_it_does_not_charge_before_it_comes_nor_after_it_leaves():
    stay = a_stay(KWH_AT_10_A * 1000, arrives_s=HOUR_S + 1, leaves_s=3 * HOUR_S)
    made = day_plan([stay], [(20.0,) * 3] * 4, [0.1, 0.1, 0.9, 0.1], HOUR_S)
    assert made.currents_a == ((0.0, 0.0, 10.0, 0.0),)


def test_two_cars_share_the_cheap_hour_only_as_far_as_the_line_goes_and_none_has_less_than_six_amperes():
    stays = [a_stay(KWH_AT_10_A * 1000), a_stay(KWH_AT_10_A * 1000)]
    made = day_plan(stays, [(16.0,) * 3] * 4, [0.1, 0.5, 0.5, 0.5], HOUR_S)
    for slot in range(4):
        currents = [one[slot] for one in made.currents_a]
        assert sum(currents) <= 16.05
        assert all(current == 0 or current >= 6 for current in currents)
    assert all(sum(one) == pytest.approx(10.0, abs=0.3) for one in made.currents_a)


def test_what_cannot_be_had_is_told_as_short():
    made = day_plan([a_stay(100_000)], [(16.0,) * 3] * 4, [0.1] * 4, HOUR_S)
    assert made.short_wh[0] == pytest.approx(100_000 - 4 * 16 * 690, rel=0.01)


def test_prices_and_capacities_have_to_be_of_one_length():
    with pytest.raises(ValueError, match="3 slots have capacities and 4 have prices"):
        day_plan([], [(16.0,) * 3] * 3, [0.1] * 4, HOUR_S)
