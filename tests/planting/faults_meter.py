"""Faults of meters, and of limits."""

from collections.abc import Callable
from typing import Any

from tests.planting.bed import Bed, Session, later, moment
from tests.planting.lines import Line
from tests.planting.planted import plants

REGISTER = "Energy.Active.Import.Register"
Values = list[dict[str, Any]]


def _resample(line: Line, change: Callable[[Values], Values]) -> None:
    """Give every sampled value of a MeterValues to a function."""
    values = line.payload["meterValue"]
    for value in values:
        value["sampledValue"] = change(value["sampledValue"])
    line.rewrite(meterValue=values)


def _set(measurand: str, value: Callable[[float], float]) -> Callable[[Values], Values]:
    def change(sampled: Values) -> Values:
        for one in sampled:
            if one.get("measurand", REGISTER) == measurand:
                one["value"] = f"{value(float(one['value'])):.0f}"
        return sampled

    return change


def _register_of(line: Line) -> float:
    sampled = line.payload["meterValue"][0]["sampledValue"]
    return float(next(one["value"] for one in sampled if one.get("measurand", REGISTER) == REGISTER))


def _steady(one: Session) -> bool:
    """Whether it charged at some power all the time, on three phases."""
    powers = [
        float(value["value"])
        for line in one.samples
        for value in line.payload["meterValue"][0]["sampledValue"]
        if value.get("measurand") == "Power.Active.Import"
    ]
    return len(powers) == len(one.samples) and min(powers) > 3000 and '"phase":"L3"' in one.samples[0].text


@plants("M01")
def register_that_falls(bed: Bed) -> Line:
    line = bed.session().samples[2]
    _resample(line, _set(REGISTER, lambda wh: wh - 5000))
    return line


@plants("M02")
def meter_that_starts_at_zero(bed: Bed) -> Line:
    _, one = bed.pair()
    one.start.rewrite(meterStart=0)
    return one.start


@plants("M03")
def energy_between_two_sessions(bed: Bed) -> Line:
    """The last session of a connector begins five kilowatt hours above the stop before."""
    for one in bed.sessions():
        own = f'"connectorId":{one.connector},'
        starts = [
            line for line in bed.calls("StartTransaction", station=one.start.station) if own in line.text
        ]
        if len(starts) < 2 or starts[-1] is not one.start:
            continue
        one.start.rewrite(meterStart=one.start.payload["meterStart"] + 5000)
        for line in one.meters:
            _resample(line, _set(REGISTER, lambda wh: wh + 5000))
        one.stop.rewrite(meterStop=one.stop.payload["meterStop"] + 5000)
        return one.start
    raise LookupError("no last session of a connector is uneventful")


@plants("M04")
def power_in_thousandths(bed: Bed) -> Line:
    one = bed.session(_steady)
    for line in one.meters:
        _resample(line, _set("Power.Active.Import", lambda w: w * 1000))
    return one.start


@plants("M05")
def readings_left_out(bed: Bed) -> Line:
    one = bed.session(lambda one: len(one.samples) >= 6 and _steady(one))
    bed.drop_calls(*one.samples[2:4])
    return one.samples[4]


@plants("M06")
def temperature_in_thousandths(bed: Bed) -> Line:
    line = bed.session().samples[1]
    hot = {"value": "23000", "measurand": "Temperature", "unit": "Celsius"}
    _resample(line, lambda sampled: [*sampled, hot])
    return line


@plants("M07")
def voltage_without_unit(bed: Bed) -> Line:
    line = bed.session().samples[1]
    bare = {"value": "231", "measurand": "Voltage", "phase": "L1-N"}
    _resample(line, lambda sampled: [*sampled, bare])
    return line


@plants("M08")
def current_in_a_dead_phase(bed: Bed) -> Line:
    one = bed.session(_steady)
    wrong = [
        {"value": "230", "measurand": "Voltage", "phase": "L1-N", "unit": "V"},
        {"value": "16", "measurand": "Current.Import", "phase": "L3", "unit": "A"},
    ]
    for line in one.samples:
        _resample(
            line,
            lambda sampled: [
                *(v for v in sampled if v.get("measurand") not in ("Voltage", "Current.Import")),
                *wrong,
            ],
        )
    return one.samples[2]


@plants("X04")
def charging_without_power(bed: Bed) -> Line:
    one = bed.session(_steady)
    register = _register_of(one.samples[-3])
    for line in one.samples[-3:]:
        for measurand in ("Power.Active.Import", "Current.Import"):
            _resample(line, _set(measurand, lambda _: 0))
        _resample(line, _set(REGISTER, lambda _: register))
    return one.samples[-2]


# ---- limits


def _profile(limits: list[float], **changes: Any) -> dict[str, Any]:
    periods = [{"startPeriod": 60 * nth, "limit": limit} for nth, limit in enumerate(limits)]
    profile = {
        "chargingProfileId": 900,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "duration": 60 * len(limits),
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": periods,
        },
    }
    return profile | changes


def _limit(
    bed: Bed, like: Line, at: Any, profile: dict[str, Any], status: str = "Accepted", connector: int = 1
) -> Line:
    payload = {"connectorId": connector, "csChargingProfiles": profile}
    return bed.ask(like, at, "SetChargingProfile", payload, {"status": status}, by_central=True)


@plants("G01")
def limit_of_next_to_nothing(bed: Bed) -> Line:
    spot = bed.spot()
    return _limit(bed, spot.line, spot.at, _profile([0.1]))


@plants("G02")
def refused_profile(bed: Bed) -> Line:
    spot = bed.spot()
    return _limit(bed, spot.line, spot.at, _profile([16]), "Rejected")


@plants("G03")
def too_many_periods(bed: Bed) -> Line:
    spot = bed.spot(free_s=100)
    told = {"configurationKey": [{"key": "ChargingScheduleMaxPeriods", "readonly": True, "value": "6"}]}
    keys = {"key": ["ChargingScheduleMaxPeriods"]}
    bed.ask(spot.line, spot.at, "GetConfiguration", keys, told, by_central=True)
    return _limit(bed, spot.line, later(spot.at, 5), _profile([16.0 + nth for nth in range(7)]))


@plants("G04")
def endless_profile_on_top(bed: Bed) -> Line:
    spot = bed.spot(free_s=100)
    end = bed.lines[-1].at
    _limit(bed, spot.line, spot.at, _profile([32], chargingProfileId=901, validTo=moment(later(end, 60))))
    endless = _profile([32], stackLevel=5)
    del endless["chargingSchedule"]["duration"]
    return _limit(bed, spot.line, later(spot.at, 5), endless)


@plants("G05")
def default_taken_away_while_charging(bed: Bed) -> Line:
    one = bed.session()
    first = one.samples[0]
    default = _profile([80])
    del default["chargingSchedule"]["duration"]
    _limit(bed, first, later(first.at, 3), default, connector=one.connector)
    cleared = {"id": 900}
    return bed.ask(
        first, later(first.at, 6), "ClearChargingProfile", cleared, {"status": "Accepted"}, by_central=True
    )


@plants("G06")
def limit_with_two_decimals(bed: Bed) -> Line:
    spot = bed.spot()
    return _limit(bed, spot.line, spot.at, _profile([16.25]))


@plants("G07")
def limits_without_pause(bed: Bed) -> Line:
    spot = bed.spot(free_s=100)
    for number in range(6):
        last = _limit(bed, spot.line, later(spot.at, 5 * number), _profile([16.0 + number]))
    return last


@plants("G08")
def limit_that_is_ignored(bed: Bed) -> Line:
    one = bed.session(_steady)
    first = one.samples[0]
    limit = _profile([6], chargingProfilePurpose="TxProfile", transactionId=one.transaction_id)
    del limit["chargingSchedule"]["duration"]
    _limit(bed, first, later(first.at, -40), limit, connector=one.connector)
    return one.samples[3]


@plants("G09")
def another_limiter(bed: Bed) -> Line:
    one = bed.session(_steady)
    first = one.samples[0]
    limit = _profile([80], chargingProfilePurpose="TxProfile", transactionId=one.transaction_id)
    del limit["chargingSchedule"]["duration"]
    _limit(bed, first, later(first.at, -40), limit, connector=one.connector)
    offer = {"value": "10", "measurand": "Current.Offered", "unit": "A"}
    for line in one.samples:
        _resample(line, lambda sampled: [*sampled, offer])
    return one.samples[2]
