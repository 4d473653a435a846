"""What energy will cost, as it was told, and in the slots of a plan."""

from datetime import UTC, datetime, timedelta

import pytest

from voltline.central.domain.site_plans import PriceCurve, PriceStep, curve_problems

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
AT = NOON.timestamp()


def curve(*prices: float, every: timedelta = HOUR) -> PriceCurve:
    steps = tuple(PriceStep(NOON + number * every, price) for number, price in enumerate(prices))
    return PriceCurve(unit="EUR/kWh", steps=steps, until=NOON + len(prices) * every)


def test_a_slot_has_the_price_of_its_time() -> None:
    assert curve(1, 2, 4).over([AT, AT + 900, AT + 3600, AT + 9900], 900) == [1, 1, 2, 4]


def test_a_slot_of_two_prices_has_their_mean() -> None:
    assert curve(1, 4, every=timedelta(minutes=10)).over([AT], 900) == [pytest.approx((10 * 1 + 5 * 4) / 15)]


def test_beyond_the_curve_its_mean_is_taken() -> None:
    assert curve(1, 2, 6).over([AT - 900, AT + 3 * 3600, AT + 86_400], 900) == [3, 3, 3]


def test_a_slot_half_beyond_is_half_the_mean() -> None:
    assert curve(2, 4).over([AT + 2 * 3600 - 450], 900) == [pytest.approx(3.5)]


def test_a_longer_step_weighs_more_in_the_mean() -> None:
    steps = (PriceStep(NOON, 1.0), PriceStep(NOON + 3 * HOUR, 5.0))
    found = PriceCurve(unit="EUR/kWh", steps=steps, until=NOON + 4 * HOUR).over([AT + 86_400], 900)
    assert found == [pytest.approx(2.0)]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        (
            PriceCurve(unit="x", steps=(PriceStep(NOON, 1.0), PriceStep(NOON, 2.0)), until=NOON + HOUR),
            "steps[1].at",
        ),
        (PriceCurve(unit="x", steps=(PriceStep(NOON, 1.0),), until=NOON), "until"),
        (PriceCurve(unit="x", steps=(PriceStep(NOON, 1.0),), until=NOON.replace(tzinfo=None)), "until"),
        (PriceCurve(unit="x", steps=(PriceStep(NOON.replace(tzinfo=None), 1.0),), until=NOON), "steps[0].at"),
        (PriceCurve(unit="x", steps=(PriceStep(NOON, float("nan")),), until=NOON + HOUR), "steps[0].price"),
    ],
)
def test_a_curve_that_cannot_be_is_told_with_its_place(wrong: PriceCurve, path: str) -> None:
    assert [at for at, _ in curve_problems(wrong)] == [path]
