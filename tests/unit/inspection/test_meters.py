"""Meter values as numbers, with the defaults of OCPP 1.6, 7.43."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from voltline.inspection import meters
from voltline.inspection.meters import Readings, number_of, readings_at, readings_of
from voltline.messages import (
    Location,
    Measurand,
    MeterValue,
    MeterValues,
    Phase,
    SampledValue,
    UnitOfMeasure,
    ValueFormat,
)

AT = datetime(2026, 3, 1, tzinfo=UTC)
POWER, CURRENT, VOLTAGE = Measurand.POWER_ACTIVE_IMPORT, Measurand.CURRENT_IMPORT, Measurand.VOLTAGE
EXPORT, SOC = Measurand.POWER_ACTIVE_EXPORT, Measurand.SOC


def one(value: object, measurand: Any = UNSET, **more: Any) -> SampledValue:
    return SampledValue(value=str(value), measurand=measurand, **more)


def read(*samples: SampledValue) -> Readings:
    return readings_at(MeterValue(timestamp=AT, sampled_value=list(samples)))


def test_a_bare_value_is_the_register_in_watt_hours() -> None:
    readings = read(one(1234))
    assert (readings.at, readings.register_wh, readings.unread) == (AT, 1234.0, 0)
    (number,) = readings.numbers
    assert number == meters.NumberRead(
        Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, None, Location.OUTLET, 1234.0, None
    )


def test_thousands_are_told_in_ones() -> None:
    readings = read(one("1.5", unit=UnitOfMeasure.KWH), one(11, POWER, unit=UnitOfMeasure.KW))
    assert (readings.register_wh, readings.power_w) == (1500.0, 11000.0)
    assert [number.unit for number in readings.numbers] == [UnitOfMeasure.KWH, UnitOfMeasure.KW]


def test_the_register_of_the_outlet_goes_before_that_of_the_inlet_and_no_other_counts() -> None:
    inlet, outlet = one(7, location=Location.INLET), one(5, location=Location.OUTLET)
    assert read(inlet).register_wh == 7.0
    assert read(inlet, one(8, location=Location.INLET)).register_wh == 7.0
    assert read(inlet, outlet).register_wh == read(outlet, inlet).register_wh == 5.0
    others = read(one(9, location=Location.BODY), one(3, phase=Phase.L1))
    assert others.register_wh is None
    assert [number.phase for number in others.registers] == [None, Phase.L1]


def test_phases_are_added_up_where_the_whole_was_not_sent() -> None:
    phases = [
        one(watts, POWER, phase=phase) for watts, phase in ((100, Phase.L1), (20, Phase.L2), (3, Phase.L3))
    ]
    assert read(*phases).power_w == 123.0
    assert read(*phases, one(500, POWER)).power_w == 500.0
    assert read(one(40, EXPORT, phase=Phase.L1), one(2, EXPORT, phase=Phase.L2)).export_w == 42.0
    assert read(one(1)).power_w is None


def test_the_largest_current_counts_whatever_its_phase() -> None:
    readings = read(
        one(10, CURRENT, phase=Phase.L1), one(16, CURRENT, phase=Phase.L2), one(0, CURRENT, phase=Phase.N)
    )
    assert readings.current_a == 16.0


def test_of_voltages_only_those_of_phases_are_noted() -> None:
    assert read(one(230, VOLTAGE, phase=Phase.L1), one(80, SOC)).has_voltage_of_phases
    dc = read(one(400, VOLTAGE), one(80, SOC))
    assert not dc.has_voltage_of_phases and dc.soc_percent == 80.0


@pytest.mark.parametrize(
    "unread",
    [
        one("n/a", POWER),
        one("NaN", POWER),
        one("inf", POWER),
        one("12", POWER, format=ValueFormat.SIGNED_DATA),
    ],
)
def test_what_is_no_number_is_counted_and_left_out(unread: SampledValue) -> None:
    readings = read(one(5), unread, one(16, CURRENT))
    assert (readings.unread, readings.values) == (1, [5.0, 16.0])
    assert (readings.register_wh, readings.power_w, readings.current_a) == (5.0, None, 16.0)


def test_numbers_whose_sum_is_beyond_floating_point_are_numbers_all_the_same() -> None:
    assert read(one("1e308"), one("1e308", VOLTAGE)).unread == 0


def test_the_numbers_of_one_message_are_worked_out_once() -> None:
    request = MeterValues(connector_id=1, meter_value=[MeterValue(timestamp=AT, sampled_value=[one(1)])])
    assert readings_of(request) is readings_of(request)
    assert [readings.register_wh for readings in readings_of(msgspec.structs.replace(request))] == [1.0]


@given(
    st.lists(
        st.builds(
            SampledValue,
            value=st.sampled_from(["0", "-3.5", "17", "1e3", "x", "", "nan", "1e400"]),
            measurand=st.sampled_from([UNSET, *Measurand]),
            phase=st.sampled_from([UNSET, *Phase]),
            location=st.sampled_from([UNSET, *Location]),
            unit=st.sampled_from([UNSET, *UnitOfMeasure]),
            format=st.sampled_from([UNSET, *ValueFormat]),
        ),
        max_size=6,
    )
)
def test_each_value_stays_with_what_it_is_of(samples: list[SampledValue]) -> None:
    readings = read(*samples)
    readable = [(sample, number) for sample in samples if (number := number_of(sample)) is not None]
    assert readings.values == [number for _, number in readable]
    assert readings.unread == len(samples) - len(readable)
    for (sample, _), told in zip(readable, readings.numbers, strict=True):
        assert (told.measurand if sample.measurand is not UNSET else UNSET) is sample.measurand
        assert told.phase == (None if sample.phase is UNSET else sample.phase)
        assert told.unit == (None if sample.unit is UNSET else sample.unit)
