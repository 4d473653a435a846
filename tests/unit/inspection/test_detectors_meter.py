"""Groups X and M: states, faults and meters, and what only looks like a fault."""

from typing import Any

import pytest
from tests.unit.inspection.inspection_lab import Log, clock

from voltline.inspection.detectors.x01_illegal_transition import TRANSITIONS
from voltline.inspection.findings import Severity, Who

IMPORT = "Energy.Active.Import.Register"


def value(number: object, measurand: str = IMPORT, unit: str | None = "Wh", **more: str) -> dict[str, Any]:
    sampled: dict[str, Any] = {"value": str(number), "measurand": measurand} | more
    return sampled if unit is None else sampled | {"unit": unit}


def power(watts: float) -> dict[str, Any]:
    return value(watts, "Power.Active.Import", "W")


def amperes(number: float, phase: str) -> dict[str, Any]:
    return value(number, "Current.Import", "A", phase=phase)


def volts(number: float, phase: str) -> dict[str, Any]:
    return value(number, "Voltage", "V", phase=phase)


def idle(connectors: int = 1) -> Log:
    log = Log().boot()
    for connector in range(1, connectors + 1):
        log.later(1).status("Available", connector)
    return log


def charging(meter: int = 1000, transaction: int = 1) -> Log:
    return (
        idle()
        .later(5)
        .status("Preparing")
        .later(5)
        .start(transaction, meter=meter)
        .later(1)
        .status("Charging")
    )


def configured(log: Log, **keys: str) -> Log:
    told = [{"key": key, "readonly": False, "value": text} for key, text in keys.items()]
    return log.later(1).ask("GetConfiguration", {}, {"configurationKey": told}, by_central=True)


# ---- X01


def test_the_table_has_the_53_transitions_of_the_specification() -> None:
    assert sum(len(after) for after in TRANSITIONS.values()) == 53


@pytest.mark.parametrize(
    ("before", "after"),
    [("Charging", "Preparing"), ("SuspendedEVSE", "Preparing"), ("Finishing", "Charging")],
)
def test_x01_tells_changes_that_do_not_exist(before: str, after: str) -> None:
    log = Log().boot().later(5).status(before).later(60).status(after)
    (finding,) = log.found("X01")
    assert finding.severity is Severity.INFO
    assert [one.line for one in finding.evidence] == [3, 5]


def test_x01_many_are_a_warning() -> None:
    log = Log().boot()
    for _ in range(6):
        log.later(5).status("Finishing").later(5).status("Charging")
    (finding,) = log.found("X01")
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("before", "after"), [("Available", "Charging"), ("Charging", "Available"), ("Preparing", "Finishing")]
)
def test_x01_knows_the_changes_that_surprise_and_are_legal(before: str, after: str) -> None:
    assert Log().boot().later(5).status(before).later(60).status(after).found("X01") == []


def test_x01_does_not_judge_over_a_boot_a_gap_a_repeat_or_short_states_left_out() -> None:
    assert Log().later(5).status("Finishing").later(60).boot().status("Charging").found("X01") == []
    log = Log().boot().later(5).status("Finishing").disconnected().later(600).connected()
    assert log.status("Charging").found("X01") == []
    assert Log().boot().status("Charging").later(5).status("Charging").found("X01") == []
    log = configured(Log().boot(), MinimumStatusDuration="5").status("Finishing").later(9).status("Charging")
    assert log.found("X01") == []


def test_x01_keeps_connectors_apart_and_knows_connector_0() -> None:
    log = (
        idle(2).later(5).status("Preparing", 1).later(5).status("Finishing", 1).later(5).status("Charging", 2)
    )
    assert log.found("X01") == []
    (finding,) = log.status("Charging", 0).found("X01")
    assert finding.connector == 0


# ---- X02


def cycle(times: int, limits: bool = False) -> Log:
    log = charging()
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 0}],
        },
    }
    for _ in range(times):
        if limits:
            request = {"connectorId": 1, "csChargingProfiles": profile}
            log.later(1).ask("SetChargingProfile", request, {"status": "Accepted"}, by_central=True)
        log.later(60).status("SuspendedEVSE").later(60).status("Charging")
    return log


def test_x02_tells_a_connector_that_swings_and_names_a_back_end_that_swings_it() -> None:
    (finding,) = cycle(11).found("X02")
    assert (finding.severity, finding.who) == (Severity.WARNING, Who.CHARGER_MAKER)
    (finding,) = cycle(11, limits=True).found("X02")
    assert (finding.severity, finding.who) == (Severity.INFO, Who.BACK_END)


def test_x02_is_silent_on_a_few_changes() -> None:
    assert cycle(8).found("X02") == []


# ---- X03


def test_x03_tells_a_fault_once_however_often_it_is_told_again() -> None:
    log = (
        idle()
        .later(60)
        .status("Faulted", error="GroundFailure")
        .later(60)
        .status("Faulted", error="GroundFailure")
    )
    (finding,) = log.found("X03")
    assert (finding.severity, finding.count, finding.who) == (Severity.ERROR, 1, Who.SITE)


def test_x03_knows_codes_without_faulted_and_faulted_without_a_code() -> None:
    (finding,) = idle().later(60).status("Charging", error="EVCommunicationError").found("X03")
    assert finding.severity is Severity.WARNING
    (finding,) = idle().later(60).status("Faulted").found("X03")
    assert finding.title == "Faulted without an error code"


def test_x03_tells_a_transaction_left_open_on_a_faulted_connector() -> None:
    log = charging().later(60).status("Faulted", error="OtherError").later(1000).heartbeat()
    assert "Transaction left open on a faulted connector" in [one.title for one in log.found("X03")]
    log = charging().later(60).status("Faulted", error="OtherError").later(5).stop(1).later(1000).heartbeat()
    assert [one.title for one in log.found("X03")] == ["Fault: OtherError"]


# ---- X04


def test_x04_tells_charging_without_power_and_power_without_charging() -> None:
    log = charging()
    for _ in range(4):
        log.later(60).meter(power(0))
    (finding,) = log.found("X04")
    assert finding.title == "Charging without power"
    log = charging().later(60).stop(1).later(1).status("Finishing")
    for _ in range(4):
        log.later(60).meter(power(7000), transaction=None)
    (finding,) = log.found("X04")
    assert finding.title == "Power while Finishing"


def test_x04_does_not_mind_a_trickle_a_single_sample_or_a_late_one() -> None:
    log = charging()
    for _ in range(4):
        log.later(60).meter(power(40))
    assert log.found("X04") == []
    assert charging().later(60).meter(power(0)).later(60).meter(power(7000)).found("X04") == []
    log = charging().later(60).meter(power(0)).later(5).stop(1).later(1).status("Available")
    log.later(7200).start(2).later(1).status("Charging").later(60).meter(power(0), transaction=2)
    assert log.found("X04") == []
    log = (
        charging().later(60).stop(1).later(1).status("Finishing").later(1).meter(power(7000), at=log.now - 30)
    )
    assert log.later(600).meter(power(0)).found("X04") == []


# ---- M01


def test_m01_tells_a_register_that_falls() -> None:
    log = charging().later(60).meter(value(2000)).later(60).meter(value(1900))
    (finding,) = log.found("M01")
    assert finding.severity is Severity.ERROR
    assert [one.line for one in finding.evidence] == [11, 13]


def test_m01_tells_a_stop_below_the_last_value() -> None:
    assert len(charging().later(60).meter(value(2000)).later(60).stop(1, meter=1500).found("M01")) == 1


def test_m01_keeps_phases_units_and_connectors_apart() -> None:
    log = charging()
    for wh in (1000, 1100):
        log.later(60).meter(
            value(3 * wh),
            value(wh, phase="L1"),
            value(wh - 300, phase="L2"),
            value(wh / 10, location="Inlet"),
        )
    log.later(60).meter(value("3.3", unit="kWh"))
    log.later(1).meter(value(5), transaction=None, connector=2)
    assert log.found("M01") == []


def test_m01_does_not_mind_rounding_a_new_meter_or_late_values() -> None:
    assert charging().later(60).meter(value(2000)).later(60).meter(value(1999)).found("M01") == []
    assert charging().later(60).meter(value("1999.9")).later(60).stop(1, meter=1999).found("M01") == []
    log = charging().later(60).meter(value(2000)).later(60).meter(value(1900), at=15)
    assert log.found("M01") == []

    def booted(log: Log, serial: str) -> Log:
        boot = {"chargePointVendor": "Lab", "chargePointModel": "One", "meterSerialNumber": serial}
        answer = {"currentTime": clock(log.now), "interval": 300, "status": "Accepted"}
        return log.later(5).ask("BootNotification", boot, answer)

    log = booted(booted(Log(), "A").later(60).meter(value(2000), transaction=None), "B")
    assert log.later(60).meter(value(3), transaction=None).found("M01") == []


def test_m01_compares_nothing_across_a_start_even_where_all_transactions_have_one_id() -> None:
    log = charging(meter=0).later(60).meter(value(5000)).later(60).stop(1, meter=5500)
    log.later(60).start(1, meter=0).later(60).meter(value(100)).later(60).stop(1, meter=200)
    log.later(60).start(1, meter=0).later(60).stop(1, meter=50)
    assert log.found("M01") == []
    log = charging().later(60).meter(value(2000)).later(60).start(2, connector=2)
    assert len(log.later(60).meter(value(1900)).found("M01")) == 1


# ---- M02, M03


def sessions(*meters: tuple[int, int]) -> Log:
    log = idle()
    for number, (start, stop) in enumerate(meters, 1):
        log.later(60).start(number, meter=start).later(600).stop(number, meter=stop)
    return log


def test_m02_tells_a_meter_that_counts_anew() -> None:
    (finding,) = sessions((0, 4000), (0, 6000)).found("M02")
    assert "starts at 0 Wh" in finding.text


def test_m02_does_not_mind_a_new_charge_point_a_watt_hour_or_another_connector() -> None:
    assert sessions((0, 4000), (4000, 6000), (5999, 7000)).found("M02") == []
    log = idle(2).later(5).start(1, 1, 5000).later(60).stop(1, 9000).later(60).start(2, 2, 100)
    assert log.found("M02") == []


def test_m03_tells_energy_between_sessions_and_not_a_few_watt_hours() -> None:
    (finding,) = sessions((1000, 4000), (4800, 6000)).found("M03")
    assert finding.text.startswith("800 Wh")
    assert sessions((1000, 4000), (4004, 6000)).found("M03") == []


def test_m03_knows_connectors_that_share_one_meter() -> None:
    def log(of_the_other: int) -> Log:
        log = idle().start(1, meter=1000).later(600).stop(1, meter=4000).later(60)
        for number in (2, 3):
            log.later(60).start(number, connector=2, meter=of_the_other + 1500 * number)
            log.later(600).stop(number, meter=of_the_other + 1500 * (number + 1) - 4)
        return log.later(60).start(4, meter=7003)

    assert log(of_the_other=1000).found("M03") == []
    assert len(log(of_the_other=91_000).found("M03")) == 1


def test_m03_does_not_judge_across_a_session_whose_stop_is_not_in_the_log() -> None:
    log = sessions((1000, 4000)).later(60).start(2, meter=4000).later(600).start(3, meter=9000)
    assert log.found("M03") == []


# ---- M04


def metered(factor: float) -> Log:
    log = charging()
    for minute in range(1, 21):
        log.later(60 - 0.2).meter(power(6000), value(1000 + minute * 100 * factor))
    return log.later(5).stop(1, meter=round(1000 + 2000 * factor))


def test_m04_tells_energy_that_is_not_power_times_time_and_units() -> None:
    (finding,) = metered(2).found("M04")
    assert finding.severity is Severity.WARNING
    (finding,) = metered(0.001).found("M04")
    assert finding.severity is Severity.ERROR


def test_m04_is_silent_when_both_agree_and_in_short_sessions() -> None:
    assert metered(1).found("M04") == []
    log = charging().later(60).meter(power(6000), value(1000)).later(60).meter(power(6000), value(9000))
    assert log.stop(1, meter=9000).found("M04") == []


# ---- M05


def test_m05_tells_a_gap_and_knows_when_not_to() -> None:
    log = configured(charging(), MeterValueSampleInterval="60").later(60).meter(value(1100))
    log.later(300).meter(value(1500))
    (finding,) = log.found("M05")
    assert "300 s" in finding.text
    for interval in ("0", ""):
        log = configured(charging(), MeterValueSampleInterval=interval).later(60).meter(value(1100))
        assert log.later(300).meter(value(1500)).found("M05") == []
    log = charging().later(60).meter(value(1100)).later(300).meter(value(1500))
    assert log.found("M05") == []
    log = configured(charging(), MeterValueSampleInterval="60").later(60).meter(value(1100))
    log.later(60).status("SuspendedEV").later(600).meter(value(1500))
    assert log.found("M05") == []


# ---- M06


@pytest.mark.parametrize(
    "sampled",
    [
        value(23000, "Temperature", "Celsius"),
        value(-60, "Temperature", None),
        value(500, "Temperature", "K"),
        value(300, "Temperature", "Fahrenheit"),
        value(400, "Voltage", "V", phase="L1-N"),
        value(255, "SoC", "Percent"),
        value(500, "Frequency", None),
        value(5000, "Current.Import", "A", phase="L1"),
        value("", "Current.Import", "A"),
    ],
)
def test_m06_tells_what_no_meter_can_read(sampled: dict[str, Any]) -> None:
    assert len(charging().later(60).meter(sampled).found("M06")) == 1


def test_m06_tells_each_value_of_a_message_and_not_those_beside_it() -> None:
    log = charging().later(60).meter(value(9), amperes(5000, "L1"), value(255, "SoC", "Percent"), power(7000))
    log.later(60).meter(value(10), amperes(16, "L1"), value(80, "SoC", "Percent"), power(7000))
    assert [finding.title for finding in log.found("M06")] == [
        "Impossible meter value: Current.Import",
        "Impossible meter value: SoC",
    ]


@pytest.mark.parametrize(
    "sampled",
    [
        value(0, "Voltage", "V", phase="L2"),
        value(3.2, "Voltage", "V", phase="L3-N"),
        value(402, "Voltage", "V", phase="L1-L2"),
        value(812, "Voltage", "V"),
        value(104, "Temperature", "Fahrenheit"),
        value(310, "Temperature", "K"),
        value(49.98, "Frequency", None),
        value("8A3F", "Energy.Active.Import.Register", "Wh", format="SignedData"),
    ],
)
def test_m06_lets_pass_what_is_odd_and_possible(sampled: dict[str, Any]) -> None:
    assert charging().later(60).meter(sampled).found("M06") == []


# ---- M07


def test_m07_tells_a_missing_unit_once_and_not_of_what_has_none() -> None:
    log = charging()
    for _ in range(3):
        log.later(60).meter(value(230, "Voltage", None), value(50, "Frequency", None), value(9, IMPORT, None))
    (finding,) = log.found("M07")
    assert (finding.title, finding.count) == ("Unit left out: Voltage", 1)


def test_m07_tells_what_comes_without_a_unit_only_later() -> None:
    log = charging().later(60).meter(value(9)).later(60).meter(value(9), volts(230, "L1"))
    log.later(60).meter(value(9), value(230, "Voltage", None)).later(60).meter(
        value(16, "Current.Import", "Wh")
    )
    assert [finding.title for finding in log.found("M07")] == [
        "Unit left out: Voltage",
        "Unit of energy for Current.Import",
    ]


# ---- M08


def test_m08_tells_current_in_a_phase_without_voltage() -> None:
    log = charging()
    for _ in range(3):
        log.later(60).meter(
            volts(231, "L1"), volts(0, "L2"), volts(0, "L3"), amperes(0, "L1"), amperes(14, "L3")
        )
    (finding,) = log.found("M08")
    assert finding.severity is Severity.ERROR


def test_m08_does_not_mind_a_car_on_one_phase_of_three() -> None:
    log = charging()
    for _ in range(5):
        log.later(60).meter(
            *(volts(231, phase) for phase in ("L1", "L2", "L3")), amperes(14, "L1"), amperes(0, "L2")
        )
    assert log.found("M08") == []


# ---- M09


def test_m09_tells_a_charge_point_without_meter_values() -> None:
    (finding,) = configured(idle(), MeterValueSampleInterval="0").found("M09")
    assert finding.severity is Severity.INFO
    assert len(configured(idle(), MeterValuesSampledData="").found("M09")) == 1
    log = configured(
        idle(), MeterValueSampleInterval="0", ClockAlignedDataInterval="900", MeterValuesAlignedData=IMPORT
    )
    assert log.found("M09") == []
