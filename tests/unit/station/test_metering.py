"""Readings of transactions (OCPP 1.6, 3.16 and 4.7; errata 3.13 to 3.16, 3.89)."""

from itertools import pairwise

import pytest
from tests.unit.station.station_lab import Lab

from voltline.messages import (
    UNSET,
    ChargePointErrorCode,
    Measurand,
    MessageTrigger,
    MeterValue,
    MeterValues,
    ReadingContext,
    SampledValue,
    StopTransaction,
    TriggerMessage,
    UnitOfMeasure,
)
from voltline.station.core.happenings import FaultCleared, FaultRaised
from voltline.station.core.hardware import Measured
from voltline.station.core.measurands import selection_of
from voltline.station.core.metering import thinned


@pytest.mark.requirement("MTV-01", "MTV-03", "MTV-06", "MTV-08", "MTV-10", "MTV-11", "MTV-12", "MTV-25")
def test_register_is_sampled_at_the_interval_from_the_start(lab: Lab):
    lab.set("MeterValueSampleInterval", "30")
    lab.run(17)
    lab.charge()
    start = lab.moment.utc
    lab.run(95)
    values = lab.requests(MeterValues)
    offsets = [(one.meter_value[0].timestamp - start).total_seconds() for one in values]
    assert offsets == [30, 60, 90]
    assert {(one.connector_id, one.transaction_id) for one in values} == {(1, 1)}
    (sample,) = values[0].meter_value[0].sampled_value
    assert sample == SampledValue(
        value="1000",
        context=ReadingContext.SAMPLE_PERIODIC,
        measurand="Energy.Active.Import.Register",
        unit="Wh",
    )


@pytest.mark.requirement("MTV-02")
def test_interval_zero_samples_nothing(lab: Lab):
    lab.set("MeterValueSampleInterval", "0")
    lab.charge()
    lab.run(1000)
    assert not lab.requests(MeterValues)


@pytest.mark.requirement("CFG-02", "MTV-01")
def test_new_interval_holds_for_the_running_transaction(lab: Lab):
    lab.charge()
    lab.run(65)
    lab.set("MeterValueSampleInterval", "20")
    lab.forget()
    lab.run(40)
    assert len(lab.requests(MeterValues)) == 2
    lab.set("MeterValueSampleInterval", "0")
    lab.run(100)
    assert len(lab.requests(MeterValues)) == 2
    lab.set("MeterValueSampleInterval", "10")
    lab.run(10)
    assert len(lab.requests(MeterValues)) == 3


@pytest.mark.requirement("MTV-16", "MTV-17", "MTV-19", "MTV-13")
def test_all_phases_of_a_measurand_are_reported_unless_one_is_named(lab: Lab):
    lab.set("MeterValuesSampledData", "Current.Import,Voltage.L2")
    lab.charge()
    lab.run(60)
    values = lab.last(MeterValues).meter_value[0].sampled_value
    assert [(str(one.measurand), str(one.phase), one.unit) for one in values] == [
        ("Current.Import", "L1", "A"),
        ("Current.Import", "L2", "A"),
        ("Current.Import", "L3", "A"),
        ("Voltage", "L2-N", "V"),
    ]


def test_empty_selection_sends_no_meter_values(lab: Lab):
    lab.set("MeterValuesSampledData", "")
    lab.charge()
    lab.run(300)
    assert not lab.requests(MeterValues)


@pytest.mark.requirement("MTV-20", "MTV-22", "TXE-07")
def test_stop_carries_first_and_last_reading_when_configured(lab: Lab):
    lab.set("StopTxnSampledData", "Energy.Active.Import.Register")
    lab.charge()
    lab.run(125)
    lab.meter.wh[1] = 2000
    lab.tag()
    data = lab.last(StopTransaction).transaction_data
    contexts = [str(one.sampled_value[0].context) for one in data]
    assert contexts == ["Transaction.Begin", "Sample.Periodic", "Sample.Periodic", "Transaction.End"]
    assert data[-1].sampled_value[0].value == "2000"


@pytest.mark.requirement("MTV-21")
def test_stop_carries_nothing_when_nothing_is_configured(lab: Lab):
    lab.charge()
    lab.run(300)
    lab.tag()
    assert lab.last(StopTransaction).transaction_data is UNSET


@pytest.mark.requirement("MTV-23", "MTV-24")
def test_long_transaction_is_thinned_evenly_between_its_ends(lab: Lab):
    lab.set("StopTxnSampledData", "Energy.Active.Import.Register")
    lab.set("MeterValueSampleInterval", "1")
    lab.charge()
    for second in range(1000):
        lab.meter.wh[1] = 1000 + second
        lab.run(1)
    lab.tag()
    data = lab.last(StopTransaction).transaction_data
    assert len(data) == 100
    assert data[0].sampled_value[0].context == "Transaction.Begin"
    assert data[-1].sampled_value[0].context == "Transaction.End"
    gaps = [(later.timestamp - one.timestamp).total_seconds() for one, later in pairwise(data)]
    assert max(gaps) <= 16


def test_thinning_keeps_the_ends_even_under_an_absurd_limit(lab: Lab):
    values = [
        MeterValue(timestamp=lab.moment.utc, sampled_value=[SampledValue(value=str(n))]) for n in range(9)
    ]
    assert thinned(values, 0) == [values[0], values[8]]
    assert thinned(values, 9) == values
    assert [one.sampled_value[0].value for one in thinned(values, 3)] == ["0", "4", "8"]


@pytest.mark.requirement("GEN-02", "MTV-17")
def test_measurands_are_read_without_regard_to_case_and_blanks():
    assert selection_of(" power.active.import , VOLTAGE.l1-n,, SoC") == (
        ("Power.Active.Import", ""),
        ("Voltage", "L1-N"),
        ("SoC", ""),
    )


# ---- contexts, intervals, the main meter


def contexts(values: list[MeterValue]) -> list[str]:
    return [str(one.sampled_value[0].context) for one in values]


@pytest.mark.requirement("MTV-25")
def test_energy_that_the_station_withholds_is_an_interruption(lab: Lab):
    lab.set("StopTxnSampledData", "Energy.Active.Import.Register")
    lab.charge()
    lab.do(FaultRaised(connector_id=1, error_code=ChargePointErrorCode.HIGH_TEMPERATURE))
    lab.run(10)
    lab.do(FaultCleared(1))
    lab.tag()
    told = [one.meter_value[0] for one in lab.requests(MeterValues)]
    assert contexts(told) == ["Interruption.Begin", "Interruption.End"]
    data = lab.last(StopTransaction).transaction_data
    assert contexts(data) == [
        "Transaction.Begin",
        "Interruption.Begin",
        "Interruption.End",
        "Transaction.End",
    ]


def test_interruption_is_not_told_where_nothing_is_sampled(lab: Lab):
    lab.set("MeterValueSampleInterval", "0")
    lab.charge()
    lab.do(FaultRaised(connector_id=1, error_code=ChargePointErrorCode.HIGH_TEMPERATURE))
    assert not lab.requests(MeterValues)


@pytest.mark.requirement("MTV-20", "MTV-25")
def test_energy_of_an_interval_counts_from_reading_to_reading():
    interval = Measurand.ENERGY_ACTIVE_IMPORT_INTERVAL
    lab = Lab(measurands=frozenset({Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, interval}))
    lab.meter.extra = [Measured(interval, 999, UnitOfMeasure.WH, decimals=0)]
    lab.boot()
    lab.set("MeterValuesSampledData", interval)
    lab.set("StopTxnSampledData", interval)
    lab.charge()
    for seconds, energy_wh in ((60, 1100), (60, 1350), (30, 1400)):
        lab.meter.wh[1] = energy_wh
        lab.run(seconds)
    lab.ask(TriggerMessage(requested_message=MessageTrigger.METER_VALUES, connector_id=1))
    lab.tag()
    assert [one.meter_value[0].sampled_value[0].value for one in lab.requests(MeterValues)] == [
        "100",
        "250",
        "50",
    ]
    data = lab.last(StopTransaction).transaction_data
    assert [one.sampled_value[0].value for one in data] == ["0", "100", "250", "50"]


@pytest.mark.requirement("MTV-06", "MTV-07", "MTV-09")
def test_main_meter_is_told_as_connector_0_without_a_transaction():
    lab = Lab(main_meter=True).boot()
    lab.charge()
    lab.forget()
    lab.ask(TriggerMessage(requested_message=MessageTrigger.METER_VALUES))
    told = {one.connector_id: one.transaction_id for one in lab.requests(MeterValues)}
    assert told == {0: UNSET, 1: 1, 2: UNSET}


@pytest.mark.requirement("TRG-02")
def test_station_without_a_main_meter_has_nothing_to_tell_of_connector_0(lab: Lab):
    trigger = TriggerMessage(requested_message=MessageTrigger.METER_VALUES, connector_id=0)
    assert lab.ask(trigger).status == "Rejected"


@pytest.mark.requirement("MTV-01", "MTV-19")
@pytest.mark.parametrize("measurand", list(Measurand))
def test_every_measurand_can_be_chosen_where_the_meter_has_it(measurand: Measurand):
    lab = Lab(measurands=frozenset(Measurand))
    lab.meter.extra = [Measured(one, 1.5) for one in Measurand if one not in MEASURED_ANYWAY]
    lab.boot()
    assert lab.set("MeterValuesSampledData", measurand) == "Accepted"
    lab.charge()
    lab.run(60)
    assert {one.measurand for one in lab.last(MeterValues).meter_value[0].sampled_value} == {measurand}


MEASURED_ANYWAY = (
    Measurand.ENERGY_ACTIVE_IMPORT_REGISTER,
    Measurand.CURRENT_IMPORT,
    Measurand.VOLTAGE,
)


@pytest.mark.requirement("MTV-33")
@pytest.mark.parametrize("spelling", ["Celsius", "Celcius"])
def test_degrees_are_spelt_as_the_central_system_wants_them(spelling: str):
    lab = Lab(measurands=frozenset({Measurand.TEMPERATURE})).boot()
    lab.meter.extra = [Measured(Measurand.TEMPERATURE, 21.5, UnitOfMeasure.CELSIUS)]
    lab.set("MeterValuesSampledData", "Temperature")
    assert lab.set("CelsiusSpelling", spelling) == "Accepted"
    assert lab.set("CelsiusSpelling", "Kelvin") == "Rejected"
    lab.charge()
    lab.run(60)
    assert lab.last(MeterValues).meter_value[0].sampled_value[0].unit == spelling


@pytest.mark.requirement("MTV-28")
def test_register_is_in_every_reading_unless_the_central_system_leaves_it_out(lab: Lab):
    lab.set("ClockAlignedDataInterval", "900")
    lab.charge()
    lab.run(1000)
    told = [one.meter_value[0] for one in lab.requests(MeterValues) if one.connector_id == 1]
    assert {str(one.sampled_value[0].context) for one in told} == {"Sample.Periodic", "Sample.Clock"}
    for reading in told:
        assert "Energy.Active.Import.Register" in {one.measurand for one in reading.sampled_value}
