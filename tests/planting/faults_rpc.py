"""Faults of frames, and of calls and their answers."""

from datetime import datetime, timedelta

import msgspec
from tests.planting.bed import Bed, error_text, later, moment
from tests.planting.lines import Line
from tests.planting.planted import plants


def _heartbeat(bed: Bed) -> Line:
    """One in a quiet time, of which the charge point is booted for long."""
    spot = bed.spot(free_s=100)
    following = bed.of(spot.line.station)
    return next(line for line in following[following.index(spot.line) :] if line.action == "Heartbeat")


@plants("P01")
def broken_json(bed: Bed) -> Line:
    spot = bed.spot()
    return bed.add(spot.line, spot.at, "in", '[2,"planted","Heartbeat",{"a":}]')


@plants("P02")
def cut_off(bed: Bed) -> Line:
    line = bed.session().samples[1]
    line.text = line.text[:150] + "..."
    return line


@plants("P03")
def another_version(bed: Bed) -> Line:
    spot = bed.spot()
    payload = {
        "eventType": "Started",
        "timestamp": moment(spot.at),
        "triggerReason": "CablePluggedIn",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "t1"},
        "evse": {"id": 1},
    }
    return bed.ask(spot.line, spot.at, "TransactionEvent", payload)


@plants("P05")
def no_lines_for_hours(bed: Bed) -> Line:
    spot = bed.spot(idle_s=7000)
    end = later(spot.at, 6900)
    lines = [line for line in bed.of(spot.line.station) if spot.line.at < line.at < end]
    bed.drop(*lines)
    return spot.line


@plants("R01")
def no_answer(bed: Bed) -> Line:
    call = _heartbeat(bed)
    bed.drop(bed.answer_to(call))
    return call


@plants("R02")
def answer_to_nothing(bed: Bed) -> Line:
    spot = bed.spot()
    return bed.add(spot.line, spot.at, "out", '[3,"planted",{}]')


@plants("R03")
def slow_answer(bed: Bed) -> Line:
    spot = bed.spot()
    call = bed.call(spot.line, spot.at, "DataTransfer", {"vendorId": "com.example"})
    bed.add(spot.line, later(spot.at, 20), "out", f'[3,"{call.message_id}",{{"status":"Accepted"}}]')
    return call


@plants("R04")
def message_id_again(bed: Bed) -> Line:
    call = _heartbeat(bed)
    own = [line for line in bed.of(call.station) if line.action and line.kind == "in"]
    earlier = [line for line in own[: own.index(call)] if line.action != "Heartbeat"][-1]
    for line in (bed.answer_to(call), call):
        frame = line.frame
        frame[1] = earlier.message_id
        line.text = msgspec.json.encode(frame).decode()
    return call


@plants("R05")
def next_call_before_the_answer(bed: Bed) -> Line:
    spot = bed.spot()
    first = bed.call(spot.line, spot.at, "Heartbeat")
    second = bed.ask(spot.line, later(spot.at, 1), "DataTransfer", {"vendorId": "a"}, {"status": "Accepted"})
    text = f'[3,"{first.message_id}",{{"currentTime":"{moment(spot.at)}"}}]'
    bed.add(spot.line, later(spot.at, 2), "out", text)
    return second


@plants("R06")
def call_error(bed: Bed) -> Line:
    call = _heartbeat(bed)
    bed.answer_to(call).text = error_text(call, "InternalError")
    return call


@plants("R07")
def call_error_without_details(bed: Bed) -> Line:
    call = _heartbeat(bed)
    answer = bed.answer_to(call)
    # A frame of four elements is an error all the same: R06 tells which.
    answer.text = error_text(call, "GenericError", ',"broken"')
    return answer


@plants("R08")
def unknown_action(bed: Bed) -> Line:
    spot = bed.spot()
    return bed.ask(spot.line, spot.at, "HeartBeats", {})


@plants("R09")
def answer_without_status(bed: Bed) -> Line:
    spot = bed.spot()
    change = {"key": "LightIntensity", "value": "50"}
    return bed.ask(spot.line, spot.at, "ChangeConfiguration", change, {}, by_central=True)


@plants("S01")
def missing_field(bed: Bed) -> Line:
    spot = bed.spot()
    payload = {"connectorId": 1, "status": "Available", "timestamp": moment(spot.at)}
    return bed.ask(spot.line, spot.at, "StatusNotification", payload)


@plants("S02")
def extra_field(bed: Bed) -> Line:
    line = bed.session().statuses[0]
    line.rewrite(vendorThing=1)
    return line


@plants("S03")
def time_with_a_space(bed: Bed) -> Line:
    line = bed.session().statuses[0]
    line.rewrite(timestamp=line.payload["timestamp"].replace("T", " "))
    return line


@plants("V01")
def long_tag(bed: Bed) -> Line:
    spot = bed.spot()
    accepted = {"idTagInfo": {"status": "Accepted"}}
    return bed.ask(spot.line, spot.at, "Authorize", {"idTag": "T" * 22}, accepted)


@plants("V02")
def connector_that_is_not_there(bed: Bed) -> Line:
    spot = bed.spot()
    return bed.report(spot.line, spot.at, "Available", connector=9)


@plants("V03")
def negative_transaction_id(bed: Bed) -> Line:
    one = bed.session()
    one.confirmed.rewrite(transactionId=-7)
    for line in (*one.meters, one.stop):
        line.rewrite(transactionId=-7)
    return one.confirmed


@plants("K01")
def clock_not_set(bed: Bed) -> Line:
    line = bed.session().statuses[0]
    line.rewrite(timestamp="1970-01-01T00:10:00Z")
    return line


@plants("K02")
def clock_off(bed: Bed) -> Line:
    """Ten minutes ahead, in all that one charge point says."""
    station = bed.stations[0]
    shifted = [line for line in bed.of(station) if line.kind == "in" and "timestamp" in line.text]
    for line in shifted:
        frame = line.frame
        _shift(frame[-1], timedelta(minutes=10))
        line.text = msgspec.json.encode(frame).decode()
    return shifted[3]  # of so many agreeing times it takes four


def _shift(thing: object, by: timedelta) -> None:
    if isinstance(thing, dict):
        for key, value in thing.items():
            if key == "timestamp":
                thing[key] = moment(datetime.fromisoformat(value) + by)
            else:
                _shift(value, by)
    elif isinstance(thing, list):
        for value in thing:
            _shift(value, by)


@plants("K03")
def time_back(bed: Bed) -> Line:
    line = bed.session().statuses[0]
    line.rewrite(timestamp=moment(later(line.at, -1200)))
    return line


@plants("K04")
def delivered_late(bed: Bed) -> Line:
    """A reading that was held back until long after its session."""
    station = bed.stations[-1]
    spot = [one for one in bed.spots() if one.line.station == station][-1]
    one = [one for one in bed.sessions() if one.start.station == station and one.stop.at < spot.at][-1]
    held = one.samples[-1]
    bed.drop_calls(held)
    return bed.ask(spot.line, spot.at, "MeterValues", held.payload)
