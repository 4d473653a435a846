"""What readings say of energy and power."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from voltline.central.domain.energy import (
    energy_by_readings,
    last_plausible_wh,
    number,
    power_curve,
    power_samples,
    register_samples,
)
from voltline.central.domain.metering import Reading

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def reading(
    minute: float,
    value: str,
    measurand: str = "Energy.Active.Import.Register",
    unit: str | None = "Wh",
    **more: str,
) -> Reading:
    at = NOON + timedelta(minutes=minute)
    return Reading(
        measured_at=at,
        received_at=at,
        connector_id=1,
        value=value,
        measurand=measurand,
        unit=unit,
        **more,  # type: ignore[arg-type]
    )


def registers(*values: object) -> list[Reading]:
    return [reading(minute + 1, str(value)) for minute, value in enumerate(values)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", "12"),
        (" 12.50 ", "12.50"),
        ("12,5", "12.5"),
        ("-0.5", "-0.5"),
        (".5", "0.5"),
        ("1E3", "1000"),
        ("", None),
        ("abc", None),
        ("NaN", None),
        ("inf", None),
        ("1e99", None),
        ("1.234,5", None),
        ("0x10", None),
        ("9" * 60, None),
    ],
)
def test_only_what_is_a_number_takes_part_in_arithmetic(text: str, expected: str | None) -> None:
    assert number(text) == (None if expected is None else Decimal(expected))


@pytest.mark.requirement("MTV-11")
def test_energy_without_a_unit_is_in_watt_hours_and_kilo_is_a_thousand() -> None:
    found = register_samples([reading(1, "100", unit=None), reading(2, "0.25", unit="kWh")])
    assert [sample.value for sample in found] == [100, 250]


def test_signed_and_nonsensical_readings_are_skipped() -> None:
    found = [
        reading(1, "100"),
        reading(2, "A1B2", format="SignedData"),
        reading(3, "999999", format="SignedData"),
        reading(4, ""),
        reading(5, "7", unit="Hz"),
        reading(6, "200"),
    ]
    assert [sample.value for sample in register_samples(found)] == [100, 200]
    assert last_plausible_wh(50, NOON, found) == 200


@pytest.mark.requirement("MTV-13")
def test_overall_value_counts_and_phases_are_summed_only_where_there_is_none() -> None:
    power = "Power.Active.Import"
    found = [
        *(
            reading(1, value, power, "W", phase=phase)
            for phase, value in zip(("L1", "L2", "L3"), "123", strict=True)
        ),
        reading(2, "7", power, "kW"),
        reading(2, "2", power, "kW", phase="L1"),
        reading(3, "4", power, "W", phase="L1-N"),
    ]
    assert [sample.value for sample in power_samples(found)] == [6, 7000, 4]


def test_registers_of_the_outlet_are_not_mixed_with_those_of_the_inlet() -> None:
    found = [reading(1, "5", location="Inlet"), reading(1, "100"), reading(2, "9", location="Inlet")]
    assert [sample.value for sample in register_samples(found)] == [100]


@pytest.mark.parametrize(
    ("start", "values", "expected"),
    [
        (100, [150, 200, 200], 200),
        (100, [150, 200, 0, 0, 0], 200),
        (100, [150, 300, 20, 60], 300),
        (0, [100, 200, 5, 10], 10),
        (100, [100, 100], 100),
        (100, [150, 140, 160, 155], 160),
        (100, ["x", "150", ""], 150),
    ],
)
def test_last_plausible_reading_is_the_last_of_the_last_rising_run(
    start: int, values: list[object], expected: int
) -> None:
    assert last_plausible_wh(start, NOON, registers(*values)) == expected


def test_readings_after_the_end_say_nothing_about_it() -> None:
    found = registers(150, 200, 300)
    assert last_plausible_wh(100, NOON, found, NOON + timedelta(minutes=2)) == 200
    assert last_plausible_wh(100, NOON, found, NOON) is None
    assert last_plausible_wh(100, NOON, []) is None


def test_session_energy_is_told_from_the_register_of_the_meter() -> None:
    # meterStart is of the meter's life, the readings count from 0.
    found = registers(0, 500, 3000)
    said = energy_by_readings(1_000_000, NOON, found)
    assert said.of_session
    assert said.risen_wh == 3000
    assert last_plausible_wh(1_000_000, NOON, found) == 1_003_000
    assert not said.disagrees_with(3000)


def test_lifetime_readings_after_a_meter_start_of_zero_are_noticed() -> None:
    found = registers(1_000_000, 1_000_500)
    said = energy_by_readings(0, NOON, found)
    assert said.other_base
    assert last_plausible_wh(0, NOON, found) == 500
    assert said.disagrees_with(1_000_500)
    assert not said.disagrees_with(500)


@pytest.mark.requirement("MTV-26")
def test_a_register_that_falls_is_noticed_and_costs_no_energy() -> None:
    said = energy_by_readings(100, NOON, registers(200, 300, 50, 150))
    assert said.fell
    assert said.risen_wh == 200
    assert not energy_by_readings(100, NOON, registers(200, "199.5", 300)).fell


@pytest.mark.requirement("MTV-36")
def test_intervals_are_summed_once_where_sampled_and_aligned_ones_overlap() -> None:
    interval = "Energy.Active.Import.Interval"
    found = [
        reading(1, "10", interval),
        reading(2, "0.02", interval, "kWh"),
        reading(15, "30", interval, context="Sample.Clock"),
    ]
    assert energy_by_readings(0, NOON, found).intervals_wh == 30
    assert energy_by_readings(0, NOON, found[2:]).intervals_wh == 30
    assert energy_by_readings(0, NOON, []).intervals_wh is None


def test_power_curve_is_as_measured_where_power_was_measured() -> None:
    found = [reading(1, "7.4", "Power.Active.Import", "kW"), *registers(200, 300)]
    (point,) = power_curve(100, NOON, found)
    assert (point.power_w, point.measured) == (7400, True)


def test_power_curve_follows_from_energy_where_no_power_was_measured() -> None:
    points = power_curve(100, NOON, registers(220, 340, 340, 100, 160))
    assert [point.power_w for point in points] == [7200, 7200, 0, 3600]
    assert not any(point.measured for point in points)
    assert points[0].at == NOON + timedelta(minutes=1)


@pytest.mark.parametrize("value", ["1e15", "-999999999999999", "0,000000000000000001"])
def test_absurd_readings_break_nothing(value: str) -> None:
    found = registers(value, value, "5", value)
    energy_by_readings(2**63 - 1, NOON, found)
    power_curve(-(2**63), NOON, found)
    last = last_plausible_wh(2**63 - 1, NOON, found)
    assert last is not None
    assert last < 2**63
