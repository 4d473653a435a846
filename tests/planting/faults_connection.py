"""Faults of connections, boots and what is configured; security; text lines of one vendor."""

from datetime import datetime

from tests.planting.bed import Bed, Spot, later, moment
from tests.planting.lines import Line
from tests.planting.planted import plants

BOOT = {"chargePointVendor": "Voltline", "chargePointModel": "Planted"}


def _accepted(at: datetime) -> dict[str, object]:
    return {"status": "Accepted", "currentTime": moment(at), "interval": 900}


def _boot(bed: Bed, spot: Spot, at: datetime, *, statuses: bool = True) -> Line:
    """A boot that tells no version, and the states of all connectors."""
    call = bed.ask(spot.line, at, "BootNotification", BOOT, _accepted(at))
    if statuses:
        known = {
            line.payload["connectorId"] for line in bed.calls("StatusNotification", station=spot.line.station)
        }
        for connector in sorted(known):
            bed.report(spot.line, later(at, 1 + connector), "Available", connector=connector)
    return call


def _steady_spot(bed: Bed, idle_s: float) -> Spot:
    """At the charge point whose connection breaks least."""
    breaks = {station: [line.kind for line in bed.of(station)].count("closed") for station in bed.stations}
    return min(bed.spots(idle_s=idle_s), key=lambda spot: breaks[spot.line.station])


@plants("C01")
def connection_that_breaks_all_the_time(bed: Bed) -> Line:
    spot = _steady_spot(bed, 5000)
    opened = [bed.reconnect(spot.line, later(spot.at, 370 * nth + nth * nth)) for nth in range(12)]
    return opened[5]


@plants("C02")
def second_boot(bed: Bed) -> Line:
    spot = bed.spot(free_s=200)
    _boot(bed, spot, spot.at)
    return _boot(bed, spot, later(spot.at, 100))


@plants("C03")  # beside it R05: it did not wait for the answer
def message_before_the_boot_is_accepted(bed: Bed) -> Line:
    spot = bed.spot(free_s=100)
    boot = _boot(bed, spot, spot.at)
    bed.move(bed.answer_to(boot), later(spot.at, 0.9))
    return bed.report(spot.line, later(spot.at, 0.3), "Available")


@plants("C04")
def command_before_the_boot_is_answered(bed: Bed) -> Line:
    spot = bed.spot(free_s=100)
    boot = _boot(bed, spot, spot.at)
    answer = bed.answer_to(boot)
    bed.move(answer, later(spot.at, 0.9))
    told = {"configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "900"}]}
    keys = {"key": ["HeartbeatInterval"]}
    return bed.ask(spot.line, later(spot.at, 0.3), "GetConfiguration", keys, told, by_central=True)


@plants("C05")
def no_states_after_a_boot(bed: Bed) -> Line:
    spot = bed.spot(free_s=100)
    return _boot(bed, spot, spot.at, statuses=False)


@plants("C06")  # beside it R01: it does not answer either
def silent_charge_point(bed: Bed) -> Line:
    """It sends nothing for two hours; the central system goes on."""
    spot = bed.spot(idle_s=7600)
    end = later(spot.at, 7400)
    for line in bed.of(spot.line.station):
        if spot.line.at < line.at < end and line.action == "Heartbeat":
            bed.drop_calls(line)
    for number in range(7):
        change = {"vendorId": "com.example", "data": str(number)}
        bed.call(spot.line, later(spot.at, 1000 * number), "DataTransfer", change, by_central=True)
    return next(
        line for line in reversed(bed.of(spot.line.station)) if line.kind == "in" and line.at < spot.at
    )


@plants("C07")
def closed_after_a_minute_of_silence(bed: Bed) -> Line:
    spot = _steady_spot(bed, 3000)
    for number in range(3):
        at = later(spot.at, 700 * number)
        beat = bed.ask(spot.line, at, "Heartbeat", {}, {"currentTime": moment(at)})
        opened = bed.reconnect(spot.line, later(beat.at, 60.2))
    lines = bed.of(spot.line.station)
    return lines[lines.index(opened) - 1]


@plants("C08")
def charge_point_that_does_not_ping(bed: Bed) -> Line:
    spot = bed.spot()
    told = {"configurationKey": [{"key": "WebSocketPingInterval", "readonly": False, "value": "0"}]}
    keys = {"key": ["WebSocketPingInterval"]}
    call = bed.ask(spot.line, spot.at, "GetConfiguration", keys, told, by_central=True)
    return bed.answer_to(call)


@plants("C09")  # beside it R01: no send is answered
def same_reading_for_ever(bed: Bed) -> Line:
    spot = _steady_spot(bed, 3000)
    reading = {
        "connectorId": 1,
        "meterValue": [{"timestamp": moment(spot.at), "sampledValue": [{"value": "0", "measurand": "SoC"}]}],
    }
    for number, silence in enumerate((3, 11, 6)):
        sent = bed.call(spot.line, later(spot.at, 500 * number), "MeterValues", reading)
        bed.reconnect(spot.line, later(sent.at, silence))
    return sent


@plants("C10")
def burst_of_settings_at_each_connection(bed: Bed) -> Line:
    spot = bed.spot(idle_s=3000)
    for number in range(2):
        begin = later(spot.at, 700 * number)
        for nth in range(8):
            change = {"key": "HeartbeatInterval", "value": "900"}
            at = later(begin, 1.5 * nth)
            last = bed.ask(
                spot.line, at, "ChangeConfiguration", change, {"status": "Accepted"}, by_central=True
            )
    return last


@plants("F01")
def failed_download(bed: Bed) -> Line:
    spot = bed.spot()
    return bed.ask(spot.line, spot.at, "FirmwareStatusNotification", {"status": "DownloadFailed"})


@plants("F02")
def lock_that_does_not_open(bed: Bed) -> Line:
    spot = bed.spot()
    failed = {"status": "UnlockFailed"}
    return bed.ask(spot.line, spot.at, "UnlockConnector", {"connectorId": 1}, failed, by_central=True)


@plants("F03")
def tampering(bed: Bed) -> Line:
    spot = bed.spot()
    notice = {"type": "TamperDetectionActivated", "timestamp": moment(spot.at)}
    return bed.ask(spot.line, spot.at, "SecurityEventNotification", notice)


@plants("M09")
def no_readings_wanted(bed: Bed) -> Line:
    spot = next(
        one
        for one in bed.spots()
        if not any(line.at > one.at for line in bed.calls("MeterValues", station=one.line.station))
    )
    change = {"key": "MeterValueSampleInterval", "value": "0"}
    done = {"status": "Accepted"}
    return bed.ask(spot.line, spot.at, "ChangeConfiguration", change, done, by_central=True)


@plants("T14")
def nobody_may_charge_offline(bed: Bed) -> Line:
    spot = bed.spot()
    change = {"key": "LocalAuthorizeOffline", "value": "false"}
    done = {"status": "Accepted"}
    return bed.ask(spot.line, spot.at, "ChangeConfiguration", change, done, by_central=True)
