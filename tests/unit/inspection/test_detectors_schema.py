"""S01 to S03 and V01 to V03: payloads, times, and the mission document's own validation rules."""

from typing import Any

import pytest
from tests.unit.inspection.inspection_lab import Log, clock

from voltline.inspection.findings import Severity, Who

STATUS: dict[str, Any] = {
    "connectorId": 1,
    "errorCode": "NoError",
    "status": "Available",
    "timestamp": clock(0),
}
OWN = ("S01", "S02", "S03", "V01", "V02", "V03")


def found(log: Log) -> dict[str, Severity]:
    """What the detectors of this file say of it, by id."""
    return {one.detector: one.severity for id_ in OWN for one in log.found(id_)}


def sampled(**fields: Any) -> dict[str, Any]:
    values = [{"timestamp": clock(0), "sampledValue": [{"value": "5"} | fields]}]
    return {"connectorId": 1, "transactionId": 1, "meterValue": values}


# ---- S01


@pytest.mark.parametrize(
    ("action", "payload", "severity"),
    [
        ("BootNotification", {"chargePointVendor": "A"}, Severity.ERROR),
        ("StatusNotification", STATUS | {"status": "Parked"}, Severity.WARNING),
        ("StartTransaction", {"connectorId": 1, "idTag": "A", "timestamp": clock(0)}, Severity.ERROR),
        ("BootNotification", {"chargePointVendor": "A" * 21, "chargePointModel": "B"}, Severity.INFO),
    ],
)
def test_a_payload_that_breaks_the_schema_is_told_by_how_much_it_hurts(
    action: str, payload: dict[str, Any], severity: Severity
) -> None:
    log = Log()
    log.ask(action, payload)
    (finding,) = [one for one in log.found("S01") if one.title.startswith(f"{action}.req")]
    assert (finding.severity, finding.who) == (severity, Who.CHARGER_MAKER)


def test_a_fault_in_an_answer_is_the_answering_sides() -> None:
    log = Log()
    log.ask("Heartbeat", {}, {"currentTime": 5})
    (finding,) = log.found("S01")
    assert finding.who is Who.BACK_END
    assert finding.title.startswith("Heartbeat.conf: $.currentTime")


def test_a_fault_in_every_item_of_every_message_is_one_finding() -> None:
    log = Log()
    values = [{"timestamp": clock(0), "sampledValue": [{"value": 5}, {"value": 6}]}] * 3
    for _ in range(4):
        log.later(1).ask("MeterValues", {"connectorId": "1", "meterValue": values, "transactionId": 1})
    assert sum(len(log.found(one)) for one in OWN) <= 2


@pytest.mark.parametrize(
    ("action", "payload", "response"),
    [
        ("StopTransaction", {"transactionId": 1, "meterStop": 5, "timestamp": clock(0)}, {}),
        ("MeterValues", sampled(measurand="Temperature", unit="Celsius"), {}),
        ("MeterValues", sampled(measurand="Temperature", unit="Celcius"), {}),
        (
            "BootNotification",
            {"chargePointVendor": "A", "chargePointModel": "B"},
            {"currentTime": clock(0), "interval": 300, "status": "Accepted"},
        ),
        ("StatusNotification", {"connectorId": 0, "errorCode": "NoError", "status": "Available"}, {}),
        ("StatusNotification", STATUS | {"timestamp": "2026-03-01T08:00:00.123456+02:00"}, {}),
        (
            "StartTransaction",
            {"connectorId": 1, "idTag": "A" * 20, "meterStart": 0, "timestamp": clock(0)},
            None,
        ),
    ],
)
def test_what_the_errata_allow_is_no_fault(
    action: str, payload: dict[str, Any], response: dict[str, Any] | None
) -> None:
    log = Log()
    if response is None:
        response = {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}
    log.ask(action, payload, response)
    assert found(log) == {}


def test_numbers_that_must_be_whole_are_told() -> None:
    log = Log()
    location = {"location": "ftp://a/b", "retrieveDate": clock(0), "retries": 1.5}
    log.ask("UpdateFirmware", location, by_central=True)
    assert found(log) == {"S01": Severity.ERROR}


def test_hostile_field_names_make_no_end_of_findings() -> None:
    log = Log()
    for number in range(400):
        log.later(1).ask("Heartbeat", {f"field{number}": 1}, {"currentTime": clock(0)})
    assert len(log.found("S02")) <= 101


# ---- S02


@pytest.mark.parametrize(
    "payload",
    [
        sampled(unit="Hz"),
        sampled(measurand="Vendor.Thing"),
        sampled(context="Vendor.Context"),
        sampled(phase="L1-X"),
        sampled(vendorField=1),
    ],
)
def test_a_vendors_words_are_information_once_a_field(payload: dict[str, Any]) -> None:
    log = Log()
    for _ in range(3):
        log.later(1).ask("MeterValues", payload)
    (finding,) = log.found("S02")
    assert (finding.severity, finding.count) == (Severity.INFO, 3)
    assert found(log) == {"S02": Severity.INFO}


# ---- S03


@pytest.mark.parametrize(
    "time", ["2026-03-01 08:00:00Z", "2026-03-01T08:00:00+03", "2000-00-00T00:00:00Z", "01.03.2026 08:00"]
)
def test_a_time_not_written_as_iso_8601_is_told(time: str) -> None:
    log = Log()
    log.ask("StatusNotification", STATUS | {"timestamp": time})
    assert found(log) == {"S03": Severity.WARNING}


def test_a_time_without_zone_is_legal_and_only_information() -> None:
    log = Log()
    log.ask("StatusNotification", STATUS | {"timestamp": "2026-03-01T08:00:00"})
    assert found(log) == {"S03": Severity.INFO}


# ---- V01


def start(tag: Any, connector: Any = 1) -> dict[str, Any]:
    return {"connectorId": connector, "idTag": tag, "meterStart": 0, "timestamp": clock(0)}


STARTED = {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}


@pytest.mark.parametrize("tag", ["A" * 21, "", 1234])
def test_an_id_tag_that_is_none_is_told(tag: Any) -> None:
    log = Log()
    log.ask("StartTransaction", start(tag), STARTED)
    assert found(log) == {"V01": Severity.WARNING}


@pytest.mark.parametrize("tag", ["04E3F89A2C3C80", "user123", "FLEET_VEHICLE_42", "A" * 20])
def test_an_id_tag_as_the_reference_has_it_is_none(tag: str) -> None:
    log = Log()
    log.ask("StartTransaction", start(tag), STARTED)
    assert found(log) == {}


# ---- V02


def with_connectors(number: str) -> Log:
    key = {"key": "NumberOfConnectors", "readonly": True, "value": number}
    return Log().ask("GetConfiguration", {}, {"configurationKey": [key]}, by_central=True)


def test_a_connector_beyond_the_number_of_connectors_is_told() -> None:
    log = with_connectors("2")
    log.later(1).ask("StatusNotification", STATUS | {"connectorId": 3})
    (finding,) = log.found("V02")
    assert (finding.severity, finding.connector) == (Severity.WARNING, 3)


@pytest.mark.parametrize("connector", [0, 1, 2])
def test_a_connector_that_it_has_is_none(connector: int) -> None:
    log = with_connectors("2")
    log.later(1).ask("StatusNotification", STATUS | {"connectorId": connector})
    assert found(log) == {}


def test_without_the_number_of_connectors_none_is_too_high() -> None:
    log = Log()
    log.ask("StatusNotification", STATUS | {"connectorId": 7})
    assert found(log) == {}


@pytest.mark.parametrize("connector", [0, -1])
def test_a_transaction_on_no_connector_is_told(connector: int) -> None:
    log = Log()
    log.ask("StartTransaction", start("A", connector), STARTED)
    assert found(log) == {"V02": Severity.WARNING}


# ---- V03


@pytest.mark.parametrize(("transaction", "told"), [(1, {}), (2**40, {}), (0, {"V03": Severity.INFO})])
def test_ids_that_are_not_positive_are_information(transaction: int, told: dict[str, Severity]) -> None:
    log = Log()
    log.ask("StartTransaction", start("A"), STARTED | {"transactionId": transaction})
    assert found(log) == told


@pytest.mark.parametrize("transaction", ["abc", None, "17"])
def test_an_id_that_is_no_number_is_told(transaction: Any) -> None:
    log = Log()
    stop = {"transactionId": transaction, "meterStop": 5, "timestamp": clock(0)}
    log.ask("StopTransaction", stop, {})
    assert set(found(log)) == {"V03"}


def test_the_minus_one_of_a_lost_transaction_is_no_fault_of_form() -> None:
    log = Log()
    log.ask("StopTransaction", {"transactionId": -1, "meterStop": 5, "timestamp": clock(0)}, {})
    log.later(1).ask("MeterValues", sampled() | {"transactionId": 0}, {})
    assert found(log) == {}
