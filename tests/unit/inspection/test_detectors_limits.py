"""Group G: charging profiles and limits, and what only looks like a fault."""

from typing import Any

import pytest
from tests.unit.inspection.inspection_lab import Log, clock

from voltline.inspection.findings import Severity, Who


def periods(*limits: float) -> list[dict[str, Any]]:
    return [{"startPeriod": 3600 * number, "limit": limit} for number, limit in enumerate(limits)]


def profile(
    *limits: float, unit: str = "A", schedule: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": unit, "chargingSchedulePeriod": periods(*limits)}
        | (schedule or {}),
    } | more


def send(
    log: Log, what: dict[str, Any], connector: int = 1, status: str = "Accepted", after: float = 0.2
) -> Log:
    request = {"connectorId": connector, "csChargingProfiles": what}
    return log.later(5).ask("SetChargingProfile", request, {"status": status}, by_central=True, after=after)


def idle() -> Log:
    return Log().boot().later(1).status("Available")


def charging() -> Log:
    return idle().later(5).start().later(1).status("Charging")


def delta(firmware: str) -> Log:
    boot = {"chargePointVendor": "Delta", "chargePointModel": "AC MAX", "firmwareVersion": firmware}
    return Log().ask(
        "BootNotification", boot, {"currentTime": clock(0), "interval": 300, "status": "Accepted"}
    )


# ---- G01


def test_g01_tells_a_tenth_of_an_ampere_and_a_few_amperes() -> None:
    (finding,) = send(idle(), profile(0.1)).found("G01")
    assert (finding.title, finding.severity) == ("Limit of next to nothing", Severity.WARNING)
    (finding,) = send(idle(), profile(16, 3)).found("G01")
    assert "allows 3 A from second 3600" in finding.text


def test_g01_many_are_a_warning() -> None:
    log = idle()
    for _ in range(11):
        send(log, profile(4))
    (finding,) = log.found("G01")
    assert (finding.count, finding.severity) == (11, Severity.WARNING)


def test_g01_takes_zero_for_a_pause_and_watt_for_what_one_phase_can_draw() -> None:
    assert send(send(idle(), profile(0)), profile(6)).found("G01") == []
    assert send(idle(), profile(3000, unit="W")).found("G01") == []
    assert len(send(idle(), profile(1000, unit="W")).found("G01")) == 1


def test_g01_leaves_out_periods_that_never_take_effect() -> None:
    assert send(idle(), profile(16, 3, schedule={"duration": 3600})).found("G01") == []
    past = profile(3, 16, schedule={"startSchedule": clock(-7200)}, chargingProfileKind="Absolute")
    assert send(idle(), past).found("G01") == []
    assert send(idle(), profile(3), status="Rejected").found("G01") == []


# ---- G02


@pytest.mark.parametrize("status", ["Rejected", "NotSupported", ""])
def test_g02_tells_a_profile_that_was_not_accepted(status: str) -> None:
    (finding,) = send(idle(), profile(16), status=status).found("G02")
    assert finding.severity is Severity.WARNING


def test_g02_tells_silence_and_a_very_late_answer() -> None:
    log = idle()
    for _ in range(2):
        log.later(5).call(
            "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile(16)}, by_central=True
        )
        log.later(60).heartbeat()
    (finding,) = log.found("G02")
    assert finding.who is Who.CHARGER_MAKER
    (finding,) = send(idle(), profile(16), after=31).found("G02")
    assert "31 s" in finding.text
    assert send(idle(), profile(16)).found("G02") == []


# ---- G03


def test_g03_tells_more_periods_than_the_charge_point_says_it_can_take() -> None:
    keys = [{"key": "ChargingScheduleMaxPeriods", "readonly": True, "value": "4"}]
    log = idle().ask("GetConfiguration", {}, {"configurationKey": keys}, by_central=True)
    assert send(log, profile(*range(6, 10))).found("G03") == []
    (finding,) = send(log, profile(*range(6, 11))).found("G03")
    assert "5 periods" in finding.text


def test_g03_knows_the_ten_periods_of_the_ac_max_and_its_cure() -> None:
    assert len(send(delta("01.26.38"), profile(*range(6, 17))).found("G03")) == 1
    assert send(delta("01.26.40"), profile(*range(6, 17))).found("G03") == []
    assert send(idle(), profile(*range(6, 17))).found("G03") == []


# ---- G04


def test_g04_tells_an_endless_profile_above_another() -> None:
    log = send(send(idle(), profile(16)), profile(8, chargingProfileId=2, stackLevel=3))
    (finding,) = log.found("G04")
    assert "hides profile 1" in finding.text


@pytest.mark.parametrize(
    "upper",
    [
        profile(8, chargingProfileId=2, stackLevel=3, validTo=clock(7200)),
        profile(8, chargingProfileId=2, stackLevel=3, schedule={"duration": 3600}),
        profile(
            8,
            chargingProfileId=2,
            stackLevel=3,
            chargingProfileKind="Recurring",
            recurrencyKind="Daily",
            schedule={"startSchedule": clock(0)},
        ),
    ],
)
def test_g04_does_not_mind_an_end(upper: dict[str, Any]) -> None:
    assert send(send(idle(), profile(16)), upper).found("G04") == []


def test_g04_does_not_mind_a_profile_that_is_alone() -> None:
    assert send(send(idle(), profile(8, stackLevel=3)), profile(9, stackLevel=3)).found("G04") == []


# ---- G05


def clear(log: Log, **request: Any) -> Log:
    return log.later(5).ask("ClearChargingProfile", request, {"status": "Accepted"}, by_central=True)


def test_g05_tells_a_default_taken_away_while_charging() -> None:
    log = clear(send(charging(), profile(16), 0), chargingProfilePurpose="TxDefaultProfile")
    (finding,) = log.later(90).heartbeat().found("G05")
    assert finding.connector == 1


def test_g05_does_not_mind_a_replacement_or_a_free_connector() -> None:
    log = send(clear(send(charging(), profile(16), 0), id=1), profile(10), 0).later(90).heartbeat()
    assert log.found("G05") == []
    assert clear(send(idle(), profile(16), 0)).later(90).heartbeat().found("G05") == []


# ---- G06


@pytest.mark.parametrize(
    ("what", "connector", "fault"),
    [
        (profile(16, transactionId=4), 1, "a transactionId belongs to a TxProfile only"),
        (profile(16, chargingProfilePurpose="TxProfile"), 0, "a TxProfile is for one connector, not for 0"),
        (profile(16, chargingProfilePurpose="TxProfile"), 1, "a TxProfile without a transaction"),
        (
            profile(16, chargingProfilePurpose="ChargePointMaxProfile"),
            1,
            "a ChargePointMaxProfile is for connector 0",
        ),
        (profile(16.25), 1, "a limit has more than one decimal"),
        (
            profile(schedule={"chargingSchedulePeriod": [{"startPeriod": 60, "limit": 16}]}),
            1,
            "the first period does not begin at 0",
        ),
    ],
)
def test_g06_tells_each_contradiction(what: dict[str, Any], connector: int, fault: str) -> None:
    assert [one.title for one in send(idle(), what, connector).found("G06")] == [
        f"Invalid charging profile: {fault}"
    ]


def test_g06_tells_a_remote_start_with_a_transaction_id_and_accepts_right_ones() -> None:
    log = idle()
    for more in ({"transactionId": 3}, {}):
        request = {
            "idTag": "TAG1",
            "chargingProfile": profile(16, chargingProfilePurpose="TxProfile", **more),
        }
        log.later(5).ask("RemoteStartTransaction", request, {"status": "Accepted"}, by_central=True)
    (finding,) = log.found("G06")
    assert finding.count == 1
    log = send(charging(), profile(16.1, chargingProfilePurpose="TxProfile", transactionId=1))
    assert send(log, profile(16, 10), 0).found("G06") == []


# ---- G07


def test_g07_tells_a_limit_that_is_set_all_the_time() -> None:
    log = idle()
    for _ in range(6):
        send(log, profile(16))
    (finding,) = log.found("G07")
    assert (finding.count, finding.severity) == (6, Severity.INFO)
    log = idle()
    for _ in range(20):
        send(log.later(40), profile(16))
    assert log.found("G07") == []


# ---- G08


def drawing(log: Log, amperes: float, samples: int = 4, watts: float = 0) -> Log:
    for _ in range(samples):
        sampled = [{"value": str(amperes), "measurand": "Current.Import", "unit": "A", "phase": "L1"}]
        if watts:
            sampled.append({"value": str(watts), "measurand": "Power.Active.Import", "unit": "W"})
        log.later(20).meter(*sampled)
    return log


def test_g08_tells_a_vehicle_that_draws_more_than_it_may() -> None:
    (finding,) = drawing(send(charging(), profile(10)), 16, 6).found("G08")
    assert finding.severity is Severity.ERROR
    assert "16 A were drawn, 10 A are allowed" in finding.text


def test_g08_gives_a_vehicle_time_and_a_meter_its_error() -> None:
    log = drawing(drawing(send(charging(), profile(10)), 16, 2), 9.8, 8)
    assert log.found("G08") == []
    assert drawing(send(charging(), profile(10)), 10.9, 8).found("G08") == []
    assert drawing(charging(), 32, 8).found("G08") == []
    # 3.6 kW in all: a vehicle on one phase may draw 16 A of it.
    assert drawing(send(charging(), profile(3600, unit="W")), 15.6, 8, 3590).found("G08") == []


# ---- G09


def test_g09_tells_that_something_else_holds_the_current_back() -> None:
    log = send(charging(), profile(16)).later(60).status("SuspendedEVSE")
    (finding,) = log.found("G09")
    assert finding.severity is Severity.INFO
    offered = {"value": "8", "measurand": "Current.Offered", "unit": "A"}
    log = send(charging(), profile(16))
    for _ in range(4):
        log.later(60).meter(offered)
    (finding,) = log.found("G09")
    assert finding.title == "Another limiter than OCPP"


def test_g09_is_silent_where_the_profile_itself_pauses_or_none_is_known() -> None:
    assert send(charging(), profile(0)).later(60).status("SuspendedEVSE").found("G09") == []
    assert charging().later(60).status("SuspendedEVSE").found("G09") == []
