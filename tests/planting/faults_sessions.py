"""Faults of transactions, of who may charge, and of connectors' states."""

from typing import Any

from tests.planting.bed import Bed, error_text, later, moment
from tests.planting.lines import Line
from tests.planting.planted import plants

ACCEPTED: dict[str, Any] = {"idTagInfo": {"status": "Accepted"}}


def _start(bed: Bed, spot_line: Line, at: Any, meter: int, transaction: int) -> Line:
    payload = {"connectorId": 1, "idTag": "PLANTED", "meterStart": meter, "timestamp": moment(at)}
    return bed.ask(spot_line, at, "StartTransaction", payload, ACCEPTED | {"transactionId": transaction})


@plants("T01")
def start_answered_with_an_error(bed: Bed) -> Line:
    one = bed.session()
    one.confirmed.text = error_text(one.start, "GenericError")
    for line in (*one.meters, one.stop):
        line.rewrite(transactionId=-1)
    return one.stop


@plants("T02")
def stop_that_never_comes(bed: Bed) -> Line:
    one, _ = bed.pair()
    bed.drop_calls(one.stop)
    return one.start


@plants("T03")
def stop_of_a_transaction_that_never_began(bed: Bed) -> Line:
    spot = bed.spot()
    payload = {"transactionId": 77_000_001, "meterStop": 5, "timestamp": moment(spot.at)}
    return bed.ask(spot.line, spot.at, "StopTransaction", payload)


@plants("T04")
def transaction_id_that_changes(bed: Bed) -> Line:
    one = bed.session()
    one.samples[2].rewrite(transactionId=77_000_002)
    return one.samples[2]


@plants("T05")
def finishing_instead_of_charging(bed: Bed) -> Line:
    spot = bed.spot(free_s=100)
    bed.report(spot.line, spot.at, "Preparing")
    bed.ask(spot.line, later(spot.at, 5), "Authorize", {"idTag": "PLANTED"}, ACCEPTED)
    aborted = bed.report(spot.line, later(spot.at, 10), "Finishing")
    bed.report(spot.line, later(spot.at, 30), "Available")
    return aborted


@plants("T06")
def refused_tag(bed: Bed) -> Line:
    spot = bed.spot()
    refused = {"idTagInfo": {"status": "Invalid"}}
    return bed.ask(spot.line, spot.at, "Authorize", {"idTag": "PLANTED"}, refused)


@plants("T07")  # beside it T06: the refusal itself
def charging_though_refused(bed: Bed) -> Line:
    one = bed.session(lambda one: any('"Charging"' in line.text for line in one.statuses))
    one.confirmed.rewrite(idTagInfo={"status": "Blocked"})
    return one.start


@plants("T08")
def remote_start_rejected(bed: Bed) -> Line:
    spot = bed.spot()
    ask = {"idTag": "PLANTED", "connectorId": 1}
    return bed.ask(spot.line, spot.at, "RemoteStartTransaction", ask, {"status": "Rejected"}, by_central=True)


@plants("T09")
def start_sent_twice(bed: Bed) -> Line:
    one = bed.session()
    return bed.ask(
        one.start, later(one.confirmed.at, 5), "StartTransaction", one.start.payload, one.confirmed.payload
    )


@plants("T10")
def reset_that_swallows_the_stop(bed: Bed) -> Line:
    for call in bed.calls("Reset"):
        lines = bed.of(call.station)
        answered = lines.index(bed.answer_to(call))
        stop = next(
            line for line in lines[answered:] if line.action in ("StopTransaction", "BootNotification")
        )
        if stop.action == "StopTransaction":
            bed.drop_calls(stop)
            return call
    raise LookupError("no reset in a session")


@plants("T11")
def power_loss(bed: Bed) -> Line:
    one = bed.session()
    one.stop.rewrite(reason="PowerLoss")
    return one.stop


@plants("T12")
def session_without_energy(bed: Bed) -> Line:
    spot = bed.spot(free_s=150)
    following = (
        line.payload["meterStart"]
        for line in bed.calls("StartTransaction", station=spot.line.station)
        if line.at > spot.at and line.payload["connectorId"] == 1
    )
    meter = next(following)
    call = _start(bed, spot.line, spot.at, meter, 77_000_003)
    end = later(spot.at, 100)
    payload = {"transactionId": 77_000_003, "idTag": "PLANTED", "meterStop": meter, "timestamp": moment(end)}
    bed.ask(spot.line, end, "StopTransaction", payload, ACCEPTED)
    return call


@plants("T13")
def preparing_for_an_hour(bed: Bed) -> Line:
    spot = bed.spot(idle_s=5000)
    stuck = bed.report(spot.line, spot.at, "Preparing")
    bed.report(spot.line, later(spot.at, 4500.5), "Available")
    return stuck


@plants("X01")
def illegal_change(bed: Bed) -> Line:
    spot = bed.spot(free_s=100)
    bed.report(spot.line, spot.at, "Finishing")
    wrong = bed.report(spot.line, later(spot.at, 10), "Charging")
    bed.report(spot.line, later(spot.at, 20), "Available")
    return wrong


@plants("X02")  # beside it X01: Charging to Preparing is no legal change either
def cycling(bed: Bed) -> Line:
    spot = bed.spot(free_s=200)
    last = bed.report(spot.line, spot.at, "Charging")
    for number in range(6):
        last = bed.report(spot.line, later(spot.at, 20 * number + 10), "Preparing")
        bed.report(spot.line, later(spot.at, 20 * number + 20), "Charging")
    bed.report(spot.line, later(spot.at, 150), "Available")
    return last


@plants("X03")
def ground_failure(bed: Bed) -> Line:
    spot = bed.spot(free_s=100)
    fault = bed.report(spot.line, spot.at, "Faulted", errorCode="GroundFailure")
    bed.report(spot.line, later(spot.at, 30), "Available")
    return fault
