"""One fault at a time in clean traffic, all detectors on: found at its line, and next to nothing else is."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.unit.inspection.inspection_lab import Log

from voltline.inspection.findings import Finding, Severity
from voltline.inspection.records import Damage, Direction, Record, RecordKind

ENERGY = "Energy.Active.Import.Register"


def day(sessions: int = 6) -> Log:
    """A charge point's ordinary day: a boot, heartbeats, and sessions with readings."""
    log = Log().connected().later(1).boot(interval=300)
    log.later(1).status("Available", connector=0).later(1).status("Available")
    keys = {"NumberOfConnectors": "1", "MeterValueSampleInterval": "60", "WebSocketPingInterval": "30"}
    told = [{"key": key, "readonly": False, "value": value} for key, value in keys.items()]
    log.later(1).ask("GetConfiguration", {}, {"configurationKey": told}, by_central=True)
    meter = 10_000
    for number in range(1, sessions + 1):
        log.later(200).heartbeat().later(100).status("Preparing")
        log.later(5).start(number, meter=meter).later(2).status("Charging")
        for _ in range(10):
            meter += 120
            log.later(60).meter(
                {"value": str(meter), "measurand": ENERGY, "unit": "Wh"},
                {"value": "7200", "measurand": "Power.Active.Import", "unit": "W"},
                transaction=number,
            )
        log.later(5).status("Finishing").later(1).stop(number, meter=meter).later(10).status("Available")
    log.later(250).heartbeat().later(250).heartbeat()
    return log


def test_an_ordinary_day_has_no_finding_above_info() -> None:
    found, _ = day().inspected()
    assert [one for one in found if one.severity is not Severity.INFO] == []


def of(log: Log, action: str, nth: int = 0) -> int:
    """Where the CALL of that action stands."""
    return [i for i, record in enumerate(log.records) if f'"{action}"' in record.text][nth]


def rewritten(record: Record, **fields: Any) -> None:
    frame = msgspec.json.decode(record.text)
    frame[-1].update(fields)
    record.text = msgspec.json.encode(frame).decode()


def insert(log: Log, position: int, record: Record) -> int:
    log.records.insert(position, record)
    return position


def no_answer(log: Log) -> int:
    call = of(log, "Heartbeat", 2)
    del log.records[call + 1]
    return call


def broken(log: Log) -> int:
    call = of(log, "Heartbeat", 2)
    before = log.records[call]
    extra = Record("lab.log", 0, '[2,"b","Heartbeat",{"a":}]', RecordKind.FRAME, before.at, before.direction)
    return insert(log, call, extra)


def cut(log: Log) -> int:
    call = of(log, "MeterValues", 5)
    record = log.records[call]
    record.text, record.damage = record.text[:80], (Damage.TRUNCATED,)
    return call


def slow(log: Log) -> int:
    call = of(log, "Heartbeat", 2)
    asked = log.records[call].at
    assert asked is not None
    log.records[call + 1].at = asked.replace(second=asked.second % 30 + 25)
    log.records[call].at = asked.replace(second=asked.second % 30)
    return call


def reused(log: Log) -> int:
    first = msgspec.json.decode(log.records[of(log, "Heartbeat", 1)].text)[1]
    call = of(log, "Heartbeat", 2)
    for record in log.records[call : call + 2]:
        frame = msgspec.json.decode(record.text)
        frame[1] = first
        record.text = msgspec.json.encode(frame).decode()
    return call


def refused(log: Log) -> int:
    call = of(log, "Heartbeat", 2)
    answer = log.records[call + 1]
    answer.text = f'[4,"{msgspec.json.decode(answer.text)[1]}","InternalError","broken",{{}}]'
    return call


def short_error(log: Log) -> int:
    call = refused(log)
    log.records[call + 1].text = (
        log.records[call + 1].text.replace(",{}]", "]").replace("Internal", "Generic")
    )
    return call + 1


def unknown_action(log: Log) -> int:
    call = of(log, "Heartbeat", 2)
    log.records[call].text = log.records[call].text.replace("Heartbeat", "HeartBeats")
    return call


def foreign_answer(log: Log) -> int:
    call = of(log, "Heartbeat", 4)
    before = log.records[call]
    extra = Record("lab.log", 0, '[3,"nobody",{}]', RecordKind.FRAME, before.at, Direction.FROM_CENTRAL)
    return insert(log, call, extra)


def extra_field(log: Log) -> int:
    call = of(log, "StatusNotification", 4)
    rewritten(log.records[call], vendorThing=1)
    return call


def missing_field(log: Log) -> int:
    call = of(log, "StatusNotification", 4)
    frame = msgspec.json.decode(log.records[call].text)
    del frame[-1]["errorCode"]
    log.records[call].text = msgspec.json.encode(frame).decode()
    return call


def odd_time(log: Log) -> int:
    call = of(log, "StatusNotification", 4)
    time = msgspec.json.decode(log.records[call].text)[-1]["timestamp"]
    rewritten(log.records[call], timestamp=time.replace("T", " "))
    return call


def unset_clock(log: Log) -> int:
    call = of(log, "StatusNotification", 4)
    rewritten(log.records[call], timestamp="1970-01-01T00:10:00Z")
    return call


def wrong_connector(log: Log) -> int:
    call = of(log, "Heartbeat", 2)
    before = log.records[call]
    payload = {"connectorId": 9, "errorCode": "NoError", "status": "Available"}
    text = msgspec.json.encode([2, "w", "StatusNotification", payload]).decode()
    insert(log, call, Record("lab.log", 0, '[3,"w",{}]', RecordKind.FRAME, before.at, Direction.FROM_CENTRAL))
    return insert(log, call, Record("lab.log", 0, text, RecordKind.FRAME, before.at, Direction.FROM_STATION))


def long_tag(log: Log) -> int:
    call = of(log, "StartTransaction", 2)
    rewritten(log.records[call], idTag="T" * 22)
    return call


def second_boot(log: Log) -> int:
    last = log.now
    log.at(last + 10).boot().later(1).status("Available", connector=0).later(1).status("Available")
    log.later(100).boot().later(1).status("Available", connector=0).later(1).status("Available")
    return of(log, "BootNotification", 2)


def no_status(log: Log) -> int:
    log.later(500).boot()
    log.later(150).heartbeat().later(150).heartbeat()
    return of(log, "BootNotification", 1)


def early(log: Log) -> int:
    boot = of(log, "BootNotification")
    status = of(log, "StatusNotification")
    log.records[boot + 1 : status + 2] = [
        *log.records[status : status + 2],
        log.records[boot + 1],
    ]
    for record in log.records[boot + 1 : boot + 3]:
        record.at = log.records[boot].at
    return boot + 1


PLANTED: dict[str, Callable[[Log], int]] = {
    "P01": broken,
    "P02": cut,
    "R01": no_answer,
    "R02": foreign_answer,
    "R03": slow,
    "R04": reused,
    "R06": refused,
    "R07": short_error,
    "R08": unknown_action,
    "S01": missing_field,
    "S02": extra_field,
    "S03": odd_time,
    "V01": long_tag,
    "V02": wrong_connector,
    "C02": second_boot,
    "C03": early,
    "C05": no_status,
    "K01": unset_clock,
}


@pytest.mark.parametrize("detector", PLANTED)
def test_a_planted_fault_is_found_at_its_line_and_hardly_anything_else(detector: str) -> None:
    usual = {(one.detector, one.title) for one in day().inspected()[0]}
    log = day()
    line = PLANTED[detector](log)
    for number, record in enumerate(log.records, 1):
        record.line = number
    found = [one for one in log.inspected()[0] if (one.detector, one.title) not in usual]
    hits: list[Finding] = [one for one in found if one.detector == detector]
    assert hits
    assert line + 1 in {one.line for hit in hits for one in hit.evidence}
    assert len({one.detector for one in found} - {detector}) <= 1
