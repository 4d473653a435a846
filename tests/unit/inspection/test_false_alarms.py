"""False alarms that clean traffic once raised, and faults that were not found: each has its test."""

from typing import Any

from tests.unit.inspection.inspection_lab import Log, clock

from voltline.inspection.findings import Severity

REGISTER = "Energy.Active.Import.Register"


def profile(limit: float, connector: int = 1) -> dict[str, Any]:
    periods = [{"startPeriod": 0, "limit": limit}]
    wanted = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": periods},
    }
    return {"connectorId": connector, "csChargingProfiles": wanted}


def limited(log: Log, limit: float) -> Log:
    return log.ask("SetChargingProfile", profile(limit), {"status": "Accepted"}, by_central=True)


def value(number: float, measurand: str, unit: str, **more: str) -> dict[str, str]:
    return {"value": str(number), "measurand": measurand, "unit": unit, **more}


def charging() -> Log:
    return Log().boot().later(1).status("Available").later(5).start(1, meter=0).later(1).status("Charging")


def direct(log: Log, current_a: float, power_w: float, count: int = 5) -> Log:
    for _ in range(count):
        log.later(60).meter(
            value(current_a, "Current.Import", "A"),
            value(power_w, "Power.Active.Import", "W"),
            value(400, "Voltage", "V"),
        )
    return log


def test_ampere_of_direct_current_are_not_those_of_the_grid() -> None:
    # 16 A on three phases are 11 kW: 27 A at 400 V.
    assert direct(limited(charging(), 16), 27, 10_900).found("G08") == []
    (finding,) = direct(limited(charging(), 16), 60, 24_000).found("G08")
    assert finding.severity is Severity.ERROR


def test_a_connector_is_not_stuck_while_a_limit_held_it_back() -> None:
    log = limited(charging(), 0).later(1).status("SuspendedEVSE")
    log.later(3000).heartbeat()
    limited(log, 16).later(1).status("Charging")
    assert log.later(600).heartbeat().found("T13") == []
    log = limited(limited(charging(), 0).later(1).status("SuspendedEVSE").later(3000), 16)
    (finding,) = log.later(2000).heartbeat().found("T13")
    assert finding.title == "Connector stuck in SuspendedEVSE"


def test_energy_is_not_reckoned_where_the_power_changed_in_between() -> None:
    log = charging()
    for power_w, register_wh in ((7000, 0), (7000, 1100), (0, 1150), (0, 1150)):
        log.later(600).meter(value(power_w, "Power.Active.Import", "W"), value(register_wh, REGISTER, "Wh"))
    assert log.stop(1, meter=1150).found("M04") == []


def test_what_a_reset_loses_is_told_once() -> None:
    log = charging().later(60).ask("Reset", {"type": "Hard"}, {"status": "Accepted"}, by_central=True)
    log.later(60).boot().later(1).status("Available").later(100).heartbeat()
    log.later(600).start(2, meter=9000).later(900).heartbeat()
    found, _ = log.inspected()
    assert {one.detector for one in found} & {"T02", "T10"} == {"T10"}


def test_a_queue_that_is_delivered_later_is_another_burst() -> None:
    log = charging()
    begun = log.now
    for pause in (1000, 1000):
        log.later(pause).meter(value(1, REGISTER, "Wh"), at=begun + pause / 100)
    (finding,) = log.found("K04")
    assert finding.count == 2


def test_a_call_without_answer_is_told_in_a_log_without_times() -> None:
    log = Log(timed=False).boot()
    log.call("DataTransfer", {"vendorId": "a"})
    for _ in range(15):
        log.heartbeat()
    (finding,) = log.found("R01")
    assert finding.title == "Unanswered DataTransfer"


def test_readings_older_than_the_free_connector_began_before_the_log() -> None:
    log = Log(timed=False)
    log.at(600).status("Available")
    log.later(60).meter(value(1, REGISTER, "Wh"), transaction=8, at=30)
    assert log.found("T03") == []
    log.later(60).meter(value(1, REGISTER, "Wh"), transaction=9)
    (finding,) = log.found("T03")
    assert "transaction 9" in finding.text


def test_an_update_is_not_stalled_where_the_charge_point_is_not_in_the_log() -> None:
    order = {"location": "ftp://a/b", "retrieveDate": clock(0)}
    log = Log()
    log.call("UpdateFirmware", order, by_central=True)
    log.later(9000).call("GetLocalListVersion", {}, by_central=True)
    assert log.found("F01") == []
