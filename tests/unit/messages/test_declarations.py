"""The declarations themselves: complete by the lists of the specification, and easy to hold right."""

import copy
import pickle
from datetime import UTC, datetime
from typing import Any, assert_type

import msgspec
import pytest

from voltline import messages
from voltline.messages import (
    ACTIONS,
    UNSET,
    Authorize,
    ChargePointErrorCode,
    ChargePointStatus,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    DataTransferStatus,
    Enumeration,
    ErrorCode,
    FeatureProfile,
    GetLog,
    Heartbeat,
    HeartbeatResponse,
    Measurand,
    MeterValues,
    Payload,
    Reason,
    RecurrencyKind,
    Request,
    Reset,
    ResetType,
    Response,
    Side,
    StartTransaction,
    UnlockConnector,
    UnlockConnectorResponse,
    action_of,
)
from voltline.messages.action import Conf

FROM_CHARGE_POINT = """
    Authorize BootNotification DiagnosticsStatusNotification FirmwareStatusNotification Heartbeat
    LogStatusNotification MeterValues SecurityEventNotification SignCertificate
    SignedFirmwareStatusNotification StartTransaction StatusNotification StopTransaction DataTransfer
"""
FROM_CENTRAL_SYSTEM = """
    CancelReservation CertificateSigned ChangeAvailability ChangeConfiguration ClearCache ClearChargingProfile
    DeleteCertificate ExtendedTriggerMessage GetCompositeSchedule GetConfiguration GetDiagnostics
    GetInstalledCertificateIds GetLocalListVersion GetLog InstallCertificate RemoteStartTransaction
    RemoteStopTransaction ReserveNow Reset SendLocalList SetChargingProfile SignedUpdateFirmware
    TriggerMessage UnlockConnector UpdateFirmware DataTransfer
"""
SECURITY_EXTENSION = """
    CertificateSigned DeleteCertificate ExtendedTriggerMessage GetInstalledCertificateIds GetLog
    InstallCertificate LogStatusNotification SecurityEventNotification SignCertificate
    SignedFirmwareStatusNotification SignedUpdateFirmware
"""
LISTS: list[tuple[type[Enumeration], int, str]] = [
    (
        ChargePointErrorCode,
        16,
        """NoError ConnectorLockFailure EVCommunicationError GroundFailure HighTemperature InternalError
        LocalListConflict OtherError OverCurrentFailure OverVoltage PowerMeterFailure PowerSwitchFailure
        ReaderFailure ResetFailure UnderVoltage WeakSignal""",
    ),
    (
        Measurand,
        22,
        """Current.Export Current.Import Current.Offered Energy.Active.Export.Register
        Energy.Active.Import.Register Energy.Reactive.Export.Register Energy.Reactive.Import.Register
        Energy.Active.Export.Interval Energy.Active.Import.Interval Energy.Reactive.Export.Interval
        Energy.Reactive.Import.Interval Frequency Power.Active.Export Power.Active.Import Power.Factor
        Power.Offered Power.Reactive.Export Power.Reactive.Import RPM SoC Temperature Voltage""",
    ),
    (
        Reason,
        11,
        """DeAuthorized EmergencyStop EVDisconnected HardReset Local Other PowerLoss Reboot Remote SoftReset
        UnlockCommand""",
    ),
    (
        ChargePointStatus,
        9,
        """Available Preparing Charging SuspendedEVSE SuspendedEV Finishing Reserved Unavailable Faulted""",
    ),
    (ChargingProfilePurpose, 3, "ChargePointMaxProfile TxDefaultProfile TxProfile"),
    (ChargingProfileKind, 3, "Absolute Recurring Relative"),
    (ChargingRateUnit, 2, "W A"),
    (RecurrencyKind, 2, "Daily Weekly"),
    (DataTransferStatus, 4, "Accepted Rejected UnknownMessageId UnknownVendorId"),
]


def test_there_are_39_actions_11_of_them_of_the_security_extension() -> None:
    assert len(ACTIONS) == 39
    assert set(ACTIONS) == set(FROM_CHARGE_POINT.split()) | set(FROM_CENTRAL_SYSTEM.split())
    security = {name for name, action in ACTIONS.items() if action.profile is FeatureProfile.SECURITY}
    assert security == set(SECURITY_EXTENSION.split())


def test_14_actions_come_from_the_charge_point_and_26_from_the_central_system() -> None:
    def sent_by(side: Side) -> set[str]:
        return {name for name, action in ACTIONS.items() if side in action.sent_by}

    assert len(FROM_CHARGE_POINT.split()) == 14
    assert sent_by(Side.CHARGE_POINT) == set(FROM_CHARGE_POINT.split())
    assert len(FROM_CENTRAL_SYSTEM.split()) == 26
    assert sent_by(Side.CENTRAL_SYSTEM) == set(FROM_CENTRAL_SYSTEM.split())


@pytest.mark.requirement("GEN-15")
@pytest.mark.parametrize(("enumeration", "count", "words"), LISTS)
def test_every_word_of_the_list_is_there_and_no_other(
    enumeration: type[Enumeration], count: int, words: str
) -> None:
    assert len(enumeration) == count
    assert {member.value for member in enumeration} == set(words.split())


@pytest.mark.requirement("FRM-21")
def test_error_codes_keep_the_spelling_of_the_specification_and_both_are_understood() -> None:
    assert {code.value for code in ErrorCode} == {
        "NotImplemented",
        "NotSupported",
        "InternalError",
        "ProtocolError",
        "SecurityError",
        "FormationViolation",
        "PropertyConstraintViolation",
        "OccurenceConstraintViolation",
        "TypeConstraintViolation",
        "GenericError",
    }
    assert ErrorCode.read("FormatViolation") is ErrorCode.FORMATION_VIOLATION
    assert ErrorCode.read("OccurrenceConstraintViolation") is ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION
    assert all(ErrorCode.read(code.value) is code for code in ErrorCode)
    assert ErrorCode.read("Whatever") is None


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.name)
def test_an_action_names_its_request_its_response_and_is_found_by_either_request(action: Any) -> None:
    assert action.request.__name__ == action.name
    assert action.response.__name__ == f"{action.name}Response"
    assert issubclass(action.request, Request)
    assert issubclass(action.response, Response)
    assert action_of(action.request) is action
    assert getattr(messages, action.name) is action.request
    assert getattr(messages, f"{action.name}Response") is action.response


def test_the_action_of_a_request_is_found_from_the_request_itself() -> None:
    assert action_of(Heartbeat()) is ACTIONS["Heartbeat"]
    with pytest.raises(KeyError):
        action_of(Request[Any])


def test_the_type_of_the_response_follows_from_the_type_of_the_request() -> None:
    def call(request: Request[Conf]) -> Conf:
        response: Conf = msgspec.convert({"status": "Unlocked"}, action_of(request).response)
        return response

    response = call(UnlockConnector(connector_id=1))
    assert_type(response, UnlockConnectorResponse)
    assert isinstance(response, UnlockConnectorResponse)


def test_names_on_the_wire_are_camel_case_and_absent_fields_are_not_written() -> None:
    start = StartTransaction(
        connector_id=1, id_tag="A1", meter_start=7, timestamp=datetime(2025, 3, 1, 8, 0, tzinfo=UTC)
    )
    assert start.reservation_id is UNSET
    assert msgspec.json.decode(msgspec.json.encode(start)) == {
        "connectorId": 1,
        "idTag": "A1",
        "meterStart": 7,
        "timestamp": "2025-03-01T08:00:00Z",
    }


def test_a_payload_cannot_be_changed_after_it_was_made() -> None:
    with pytest.raises(AttributeError):
        UnlockConnector(connector_id=1).connector_id = 2  # type: ignore[misc]


def test_a_payload_needs_its_required_fields_by_name() -> None:
    with pytest.raises(TypeError):
        Authorize()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Authorize("A1")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Heartbeat(field=1)


def test_payloads_are_no_burden_to_the_garbage_collector() -> None:
    assert all(payload.__struct_config__.gc is False for payload in _payloads())


@pytest.mark.requirement("GEN-15")
def test_every_payload_refuses_fields_that_are_not_declared() -> None:
    assert all(payload.__struct_config__.forbid_unknown_fields for payload in _payloads())


def test_every_payload_says_what_it_is_and_where_the_specification_has_it() -> None:
    for payload in _payloads():
        assert payload.__doc__, payload
        assert "OCPP 1.6, " in payload.__doc__ or "ecurity whitepaper, " in payload.__doc__, payload


@pytest.mark.requirement("GEN-03")
def test_a_length_is_a_maximum_counted_in_code_points() -> None:
    tag = "\N{SNOWMAN}" * 20
    assert msgspec.json.decode(f'{{"idTag":"{tag}"}}', type=Authorize).id_tag == tag
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(f'{{"idTag":"{tag}x"}}', type=Authorize)


@pytest.mark.requirement("GEN-05")
def test_a_timestamp_keeps_its_instant_whatever_its_offset() -> None:
    decoded = msgspec.json.decode(
        '{"currentTime":"2025-03-01T10:00:07.123+02:00"}', type=HeartbeatResponse
    ).current_time
    assert decoded == datetime(2025, 3, 1, 8, 0, 7, 123000, tzinfo=UTC)


def test_an_unknown_word_is_kept_as_a_member_that_says_so() -> None:
    odd = Reason.unknown("CatOnCable")
    assert isinstance(odd, Reason)
    assert (odd, str(odd), odd.value, odd.name, odd.meaning) == ("CatOnCable",) * 4 + ("",)
    assert hash(odd) == hash("CatOnCable")
    assert odd == Reason.unknown("CatOnCable")
    assert odd != Reason.LOCAL
    assert not odd.is_known
    assert msgspec.json.encode(odd) == b'"CatOnCable"'
    assert msgspec.to_builtins(odd) == "CatOnCable"
    assert odd not in list(Reason), "it never becomes one of the list"


def test_words_survive_copying_and_pickling_listed_or_not() -> None:
    for word in (Reason.LOCAL, Reason.unknown("CatOnCable")):
        for copied in (pickle.loads(pickle.dumps(word)), copy.deepcopy(word), copy.copy(word)):
            assert copied == word
            assert type(copied) is Reason
            assert copied.is_known == word.is_known
    assert pickle.loads(pickle.dumps(Reason.LOCAL)) is Reason.LOCAL


def test_a_listed_word_asked_for_as_unknown_is_the_listed_member() -> None:
    assert Reason.unknown("Local") is Reason.LOCAL
    assert Reason.LOCAL.is_known
    assert Reason("Local") is Reason.LOCAL
    assert Reason.LOCAL.meaning


@pytest.mark.requirement("GEN-01")
def test_words_are_case_sensitive() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode('{"type":"hard"}', type=Reset)
    assert msgspec.json.decode('{"type":"Hard"}', type=Reset).type is ResetType.HARD


def test_everything_that_is_exported_exists() -> None:
    assert len(set(messages.__all__)) == len(messages.__all__)
    assert all(hasattr(messages, name) for name in messages.__all__)
    assert MeterValues in _payloads()
    assert GetLog in _payloads()


def _payloads() -> set[type[Payload]]:
    """Every payload there is, the objects inside of messages included."""
    found: set[type[Payload]] = set()
    waiting: list[type[Payload]] = [Request, Response, *Payload.__subclasses__()]
    while waiting:
        payload = waiting.pop()
        if payload not in found and payload.__module__.startswith("voltline."):
            found.add(payload)
            waiting += payload.__subclasses__()
    return found - {Request, Response}
