"""Clock-aligned meter values (OCPP 1.6, 3.16.2 and 9.1.5; errata 3.16 and 3.75)."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.station.station_lab import START, Lab

from voltline.messages import (
    UNSET,
    Measurand,
    MeterValues,
    SampledValue,
    StartTransaction,
    StopTransaction,
    UnitOfMeasure,
)
from voltline.station.core.aligned import Mean
from voltline.station.core.hardware import Measured

MINUTE = timedelta(minutes=1)
ENERGY = "Energy.Active.Import.Register"


def aligned(lab: Lab, interval_s: int = 900, *, selection: str = ENERGY, start_s: float = 0.0) -> Lab:
    """A station that sends only aligned values; the lab's day begins at 08:00."""
    lab.run(start_s)
    lab.set("MeterValueSampleInterval", "0")
    lab.set("MeterValuesAlignedData", selection)
    lab.set("ClockAlignedDataInterval", str(interval_s))
    return lab


def minutes(lab: Lab, connector_id: int = 1) -> list[float]:
    """The times of the values of a connector, in minutes after 08:00."""
    return [
        (one.meter_value[0].timestamp - START) / MINUTE
        for one in lab.requests(MeterValues)
        if one.connector_id == connector_id
    ]


def only(lab: Lab) -> SampledValue:
    (value,) = lab.last(MeterValues).meter_value[0].sampled_value
    return value


@pytest.mark.requirement("MTV-01", "MTV-04", "MTV-05", "MTV-25")
def test_whole_intervals_of_the_clock_are_told_at_their_end_with_the_time_of_their_start(lab: Lab):
    aligned(lab, start_s=7 * 60)
    lab.run(7 * 60)
    assert minutes(lab) == []
    lab.run(16 * 60)
    assert minutes(lab) == [15]
    lab.run(30 * 60)
    assert minutes(lab) == minutes(lab, 2) == [15, 30, 45]
    assert {str(one.meter_value[0].sampled_value[0].context) for one in lab.requests(MeterValues)} == {
        "Sample.Clock"
    }
    assert {one.transaction_id for one in lab.requests(MeterValues)} == {UNSET}


@pytest.mark.requirement("MTV-02")
def test_interval_zero_tells_nothing(lab: Lab):
    aligned(lab)
    lab.set("ClockAlignedDataInterval", "0")
    lab.run(7200)
    assert not lab.requests(MeterValues)


@pytest.mark.requirement("MTV-04")
@given(start_s=st.integers(0, 4000), interval_s=st.sampled_from([60, 300, 900, 1800, 3600]))
def test_all_stations_tell_the_same_instants_whenever_they_were_started(start_s: int, interval_s: int):
    lab = aligned(Lab().boot(), interval_s, start_s=start_s)
    lab.run(3 * interval_s)
    seconds = [round(minute * 60) for minute in minutes(lab)]
    assert len(seconds) >= 2
    assert all(second % interval_s == 0 for second in seconds)
    assert all(later - one == interval_s for one, later in pairwise(seconds))


@pytest.mark.requirement("MTV-04")
def test_interval_that_does_not_divide_the_day_begins_anew_at_midnight(lab: Lab):
    aligned(lab, 7 * 3600)
    lab.run(26 * 3600)
    assert [minute / 60 for minute in minutes(lab)] == [6, 13, 16]


@pytest.mark.requirement("MTV-08", "MTV-05", "TXS-01")
def test_transaction_cuts_the_interval_it_begins_and_ends_in(lab: Lab):
    aligned(lab)
    lab.run(20 * 60)
    lab.charge()
    lab.run(20 * 60)
    lab.tag()
    lab.unplug()
    lab.run(40 * 60)
    told = [
        ((one.meter_value[0].timestamp - START) / MINUTE, one.transaction_id)
        for one in lab.requests(MeterValues)
        if one.connector_id == 1
    ]
    assert told == [(0, UNSET), (20, 1), (30, 1), (45, UNSET), (60, UNSET)]
    order = [type(one) for one in lab.sent if not isinstance(one, MeterValues) or one.transaction_id == 1]
    assert order.index(StartTransaction) < order.index(MeterValues) < order.index(StopTransaction)


@pytest.mark.requirement("MTV-05", "MTV-26")
def test_register_is_the_one_at_the_start_and_energy_the_one_in_between():
    interval = Measurand.ENERGY_ACTIVE_IMPORT_INTERVAL
    lab = Lab(measurands=frozenset({Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, interval}))
    lab.meter.extra = [Measured(interval, 0, UnitOfMeasure.WH, decimals=0)]
    aligned(lab.boot(), selection=f"{ENERGY},{interval}")
    for minute in range(60):
        lab.meter.wh[1] = 1000 + 10 * minute
        lab.run(60)
    lab.run(1)
    told = [
        [sample.value for sample in one.meter_value[0].sampled_value]
        for one in lab.requests(MeterValues)
        if one.connector_id == 1
    ]
    registers = [int(register) for register, _ in told]
    energies = [int(energy) for _, energy in told]
    assert registers == sorted(registers)
    assert [one + energy for one, energy in zip(registers, energies, strict=True)][:-1] == registers[1:]


@pytest.mark.requirement("MTV-05")
def test_what_is_no_energy_is_averaged_over_the_interval():
    lab = Lab(measurands=frozenset({Measurand.TEMPERATURE}))
    lab.boot()
    aligned(lab, selection="Temperature")
    for degrees in (20.0, 40.0, 60.0):
        lab.meter.extra = [Measured(Measurand.TEMPERATURE, degrees, UnitOfMeasure.CELSIUS)]
        lab.run(300)
    lab.run(1)
    # 60 s from 20 to 40 degrees and from 40 to 60: even changes between two looks.
    assert 38.0 <= float(only(lab).value) <= 42.0


@pytest.mark.requirement("MTV-05")
@given(st.lists(st.tuples(st.floats(0, 500), st.floats(1, 100)), min_size=1, max_size=20))
def test_average_lies_between_the_least_and_the_most(looks: list[tuple[float, float]]):
    now = 0.0
    mean = Mean(Measured(Measurand.VOLTAGE, looks[0][0]), now)
    for value, seconds in looks[1:]:
        now += seconds
        mean.look(Measured(Measurand.VOLTAGE, value), now)
    values = [value for value, _ in looks]
    assert min(values) - 1e-6 <= mean.average <= max(values) + 1e-6


@pytest.mark.requirement("MTV-20", "MTV-22", "MTV-36")
def test_stop_carries_aligned_values_in_the_order_of_their_times(lab: Lab):
    aligned(lab, selection="")
    lab.set("StopTxnAlignedData", ENERGY)
    lab.set("StopTxnSampledData", ENERGY)
    lab.set("MeterValueSampleInterval", "600")
    lab.run(5 * 60)
    lab.charge()
    lab.run(32 * 60)
    lab.tag()
    data = lab.last(StopTransaction).transaction_data
    told = [((one.timestamp - START) / MINUTE, str(one.sampled_value[0].context)) for one in data]
    assert told == [
        (5, "Transaction.Begin"),
        (5, "Sample.Clock"),
        (15, "Sample.Periodic"),
        (15, "Sample.Clock"),
        (25, "Sample.Periodic"),
        (30, "Sample.Clock"),
        (35, "Sample.Periodic"),
        (37, "Transaction.End"),
    ]


@pytest.mark.requirement("MTV-22")
def test_first_and_last_reading_have_every_measurand_of_either_list(lab: Lab):
    aligned(lab, selection="")
    lab.set("StopTxnAlignedData", "Voltage.L1")
    lab.set("StopTxnSampledData", ENERGY)
    lab.charge()
    lab.tag()
    first, last = lab.last(StopTransaction).transaction_data
    for reading in (first, last):
        assert {one.measurand for one in reading.sampled_value} == {ENERGY, "Voltage"}


@pytest.mark.requirement("MTV-24")
def test_both_kinds_are_thinned_alike(lab: Lab):
    aligned(lab, 60, selection="")
    lab.set("StopTxnAlignedData", ENERGY)
    lab.set("StopTxnSampledData", ENERGY)
    lab.set("MeterValueSampleInterval", "60")
    lab.run(30)
    lab.charge()
    lab.run(12 * 3600)
    lab.tag()
    data = lab.last(StopTransaction).transaction_data
    kinds = [str(one.sampled_value[0].context) for one in data]
    assert 98 <= len(data) <= 100
    assert 40 <= kinds.count("Sample.Clock") <= 60
    assert (kinds[0], kinds[-1]) == ("Transaction.Begin", "Transaction.End")


@pytest.mark.requirement("QUE-01", "QUE-02")
def test_aligned_values_of_an_absence_are_delivered_afterwards(lab: Lab):
    aligned(lab)
    lab.disconnect()
    lab.run(3600)
    assert not lab.requests(MeterValues)
    lab.connect()
    assert minutes(lab) == [0, 15, 30, 45]


def test_clock_that_is_set_keeps_to_the_instants(lab: Lab):
    aligned(lab)
    lab.run(100)
    lab.core.bench.set_clock(lab.moment.utc + timedelta(minutes=7))
    lab.run(3600)
    later = [minute for minute in minutes(lab) if minute > 0]
    assert later == [15, 30, 45]
    lab.core.bench.set_clock(lab.moment.utc - timedelta(hours=3))
    lab.forget()
    lab.run(3600)
    assert [minute % 15 for minute in minutes(lab)] == [0] * len(minutes(lab))
    assert len(minutes(lab)) >= 4


def test_part_of_an_interval_before_the_power_failed_is_not_told(lab: Lab):
    aligned(lab)
    lab.run(20 * 60)
    lab.lose_power(outage_s=120)
    lab.connect()
    lab.run(40 * 60)
    assert minutes(lab) == [0, 30, 45]
