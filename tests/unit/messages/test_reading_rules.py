"""Rules that stand in the written specification only: noted in tolerant reading, refused in strict."""

from typing import Any

import msgspec
import pytest

from voltline.messages import ACTIONS, ErrorCode, Mode, Reading, read_request, read_response


def profile(**changes: object) -> dict[str, Any]:
    return {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": schedule(0),
    } | changes


def schedule(*starts: int, **changes: object) -> dict[str, Any]:
    periods = [{"startPeriod": start, "limit": 10} for start in starts]
    return {"chargingRateUnit": "A", "chargingSchedulePeriod": periods} | changes


def read(action: str, payload: dict[str, Any], mode: Mode, *, side: str = "request") -> Reading[Any]:
    reader = read_request if side == "request" else read_response
    return reader(ACTIONS[action], msgspec.json.encode(payload), mode)


START = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2024-01-11T08:00:00Z"}
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
RESERVE = {"connectorId": -1, "expiryDate": "2024-01-11T08:00:00Z", "idTag": "A", "reservationId": 1}
VALUE = "$.meterValue[0].sampledValue[0].value"


def sampled(**value: str) -> dict[str, Any]:
    return {
        "connectorId": 1,
        "meterValue": [{"timestamp": "2024-01-11T08:00:00Z", "sampledValue": [value]}],
    }


BREACHES: list[tuple[str, dict[str, Any], str]] = [
    ("StartTransaction", START | {"connectorId": 0}, "$.connectorId"),
    ("StartTransaction", START | {"idTag": " "}, "$.idTag"),
    ("Authorize", {"idTag": ""}, "$.idTag"),
    ("RemoteStartTransaction", {"idTag": "A", "connectorId": 0}, "$.connectorId"),
    ("UnlockConnector", {"connectorId": 0}, "$.connectorId"),
    ("TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 0}, "$.connectorId"),
    ("ExtendedTriggerMessage", {"requestedMessage": "MeterValues", "connectorId": -1}, "$.connectorId"),
    ("ChangeAvailability", {"connectorId": -1, "type": "Operative"}, "$.connectorId"),
    ("MeterValues", sampled(value="1") | {"connectorId": -1}, "$.connectorId"),
    ("ReserveNow", RESERVE, "$.connectorId"),
    ("StatusNotification", STATUS | {"connectorId": -1}, "$.connectorId"),
    ("StatusNotification", STATUS | {"connectorId": 0, "status": "Charging"}, "$.status"),
    ("StatusNotification", STATUS | {"errorCode": "EVCommunicationError"}, "$.errorCode"),
    ("LogStatusNotification", {"status": "Uploading"}, "$.requestId"),
    ("SignedFirmwareStatusNotification", {"status": "Installed"}, "$.requestId"),
    ("MeterValues", sampled(value=""), VALUE),
    ("MeterValues", sampled(value="12,5"), VALUE),
    ("MeterValues", sampled(value="nan"), VALUE),
    ("MeterValues", sampled(value="1_0"), VALUE),
    ("MeterValues", sampled(value="A1"), VALUE),
    ("MeterValues", sampled(value="OCMF|{}", format="SignedData"), VALUE),
    ("SendLocalList", {"listVersion": 0, "updateType": "Full"}, "$.listVersion"),
    ("SendLocalList", {"listVersion": -1, "updateType": "Differential"}, "$.listVersion"),
    (
        "SendLocalList",
        {
            "listVersion": 1,
            "updateType": "Differential",
            "localAuthorizationList": [{"idTag": "abcd"}, {"idTag": "ABCD"}],
        },
        "$.localAuthorizationList[1].idTag",
    ),
    (
        "SendLocalList",
        {"listVersion": 1, "updateType": "Full", "localAuthorizationList": [{"idTag": "a"}]},
        "$.localAuthorizationList[0].idTagInfo",
    ),
    (
        "SetChargingProfile",
        {"connectorId": 1, "csChargingProfiles": profile(stackLevel=-1)},
        "$.csChargingProfiles.stackLevel",
    ),
    (
        "SetChargingProfile",
        {"connectorId": 1, "csChargingProfiles": profile(recurrencyKind="Daily")},
        "$.csChargingProfiles.recurrencyKind",
    ),
    (
        "SetChargingProfile",
        {
            "connectorId": 1,
            "csChargingProfiles": profile(chargingProfilePurpose="TxDefaultProfile", transactionId=1),
        },
        "$.csChargingProfiles.transactionId",
    ),
    (
        "SetChargingProfile",
        {"connectorId": 1, "csChargingProfiles": profile(chargingSchedule=schedule(60))},
        "$.csChargingProfiles.chargingSchedule.chargingSchedulePeriod[0].startPeriod",
    ),
    (
        "SetChargingProfile",
        {"connectorId": 1, "csChargingProfiles": profile(chargingSchedule=schedule(0, 60, 60))},
        "$.csChargingProfiles.chargingSchedule.chargingSchedulePeriod[2].startPeriod",
    ),
    ("ClearChargingProfile", {"stackLevel": -1}, "$.stackLevel"),
    (
        "RemoteStartTransaction",
        {"idTag": "A", "chargingProfile": profile(chargingProfilePurpose="TxDefaultProfile")},
        "$.chargingProfile.chargingProfilePurpose",
    ),
    (
        "RemoteStartTransaction",
        {"idTag": "A", "chargingProfile": profile(transactionId=1)},
        "$.chargingProfile.transactionId",
    ),
]


@pytest.mark.requirement("STN-02", "STN-09", "EXT-04")
@pytest.mark.parametrize(("action", "payload", "path"), BREACHES)
def test_a_breach_is_noted_in_tolerant_reading_and_refused_in_strict(
    action: str, payload: dict[str, Any], path: str
) -> None:
    tolerant = read(action, payload, Mode.TOLERANT)
    assert [(one.path, one.usable) for one in tolerant.deviations] == [(path, True)]
    assert tolerant.message is not None
    strict = read(action, payload, Mode.STRICT)
    assert strict.message is None
    assert strict.deviations == tolerant.deviations
    assert strict.refusal == tolerant.deviations[0]


@pytest.mark.parametrize(
    ("payload", "paths"),
    [
        ({"status": "Accepted"}, ["$.scheduleStart", "$.chargingSchedule"]),
        (
            {
                "status": "Accepted",
                "scheduleStart": "2024-01-11T08:00:00Z",
                "chargingSchedule": schedule(0, startSchedule="2024-01-11T08:00:00Z"),
            },
            ["$.chargingSchedule.startSchedule"],
        ),
        ({"status": "Rejected"}, []),
    ],
)
def test_an_accepted_composite_schedule_says_where_it_starts_and_only_once(
    payload: dict[str, Any], paths: list[str]
) -> None:
    reading = read("GetCompositeSchedule", payload, Mode.STRICT, side="response")
    assert [one.path for one in reading.deviations] == paths
    assert all(one.code is ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION for one in reading.deviations)


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("LogStatusNotification", {"status": "Idle"}),
        ("SignedFirmwareStatusNotification", {"status": "Idle"}),
        ("StatusNotification", STATUS | {"connectorId": 0}),
        ("StatusNotification", STATUS | {"errorCode": "EVCommunicationError", "status": "Finishing"}),
        ("MeterValues", sampled(value="-12.5") | {"connectorId": 0}),
        ("MeterValues", sampled(value="+1.")),
        ("MeterValues", sampled(value="1E-3")),
        ("MeterValues", sampled(value="0aFF", format="SignedData")),
        ("ReserveNow", RESERVE | {"connectorId": 0}),
        ("SetChargingProfile", {"connectorId": 0, "csChargingProfiles": profile(transactionId=-1)}),
        (
            "SetChargingProfile",
            {
                "connectorId": 0,
                "csChargingProfiles": profile(chargingProfileKind="Recurring", recurrencyKind="Weekly"),
            },
        ),
    ],
)
def test_what_the_rules_allow_is_not_noted(action: str, payload: dict[str, Any]) -> None:
    assert read(action, payload, Mode.STRICT).deviations == ()


def test_a_comma_in_a_reading_is_kept_as_sent() -> None:
    """12,500 may be twelve and a half or twelve thousand five hundred."""
    message = read("MeterValues", sampled(value="12,500"), Mode.TOLERANT).message
    assert message.meter_value[0].sampled_value[0].value == "12,500"


def test_rules_are_checked_on_what_tolerant_reading_mended() -> None:
    reading = read("StartTransaction", START | {"connectorId": "0"}, Mode.TOLERANT)
    assert [(one.path, one.kind.value) for one in reading.deviations] == [
        ("$.connectorId", "wrong_type"),
        ("$.connectorId", "rule"),
    ]


@pytest.mark.parametrize(
    ("location", "is_uri"),
    [
        ("ftp://user:secret@files.example:2121/in/", True),
        ("https://[2001:db8::1]:8443/fw%20one.bin?v=2#part", True),
        ("mailto:site@example.com", True),
        ("", False),
        ("files.example/in", False),
        ("https://files.example/fw one.bin", False),
        ("https://files.example/100%", False),
        ("https://[files.example/fw.bin", False),
        ("https://files.example/ä.bin", False),
    ],
)
def test_location_of_a_file_is_a_uri(location: str, *, is_uri: bool) -> None:
    for action in ("GetDiagnostics", "UpdateFirmware"):
        payload = {"location": location} | (
            {"retrieveDate": "2024-01-11T08:00:00Z"} if action == "UpdateFirmware" else {}
        )
        assert (read(action, payload, Mode.STRICT).message is not None) is is_uri
        tolerant = read(action, payload, Mode.TOLERANT)
        assert tolerant.message is not None
        assert [one.path for one in tolerant.deviations] == ([] if is_uri else ["$.location"])
