"""One realistic request and response for every action: for the catalogue, for tests, for trying things out.

They tell of one charge point: it boots, its connector 1 charges for id tag 04E3F89A2C3C80 as transaction 4711
on a January morning, and its operator, Example Energy, does everything else that an operator can do.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from voltline import messages as m
from voltline.messages.action import Conf

__all__ = ["EXAMPLES"]

_ID_TAG = "04E3F89A2C3C80"
_ALLOWED = m.IdTagInfo(
    status=m.AuthorizationStatus.ACCEPTED,
    expiry_date=datetime(2027, 12, 31, 23, 0, tzinfo=UTC),
    parent_id_tag="FLEET-7",
)


def _at(hour: int, minute: int, second: int = 0) -> datetime:
    """A time of the day of which the examples tell."""
    return datetime(2027, 1, 11, hour, minute, second, tzinfo=UTC)


def _read(
    value: str, measurand: m.Measurand, unit: m.UnitOfMeasure, context: m.ReadingContext, **more: Any
) -> m.SampledValue:
    return m.SampledValue(value=value, measurand=measurand, unit=unit, context=context, **more)


def _register(value_wh: str, context: m.ReadingContext) -> m.SampledValue:
    return _read(value_wh, m.Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, m.UnitOfMeasure.WH, context)


_NIGHT = m.ChargingSchedule(
    duration=86400,
    start_schedule=_at(0, 0),
    charging_rate_unit=m.ChargingRateUnit.A,
    charging_schedule_period=[
        m.ChargingSchedulePeriod(start_period=0, limit=32.0),
        m.ChargingSchedulePeriod(start_period=21600, limit=16.0),
        m.ChargingSchedulePeriod(start_period=79200, limit=32.0),
    ],
    min_charging_rate=6.0,
)

# A root, a signing request and the certificate for it, made for these examples and for nothing else.
_ROOT = """\
-----BEGIN CERTIFICATE-----
MIIBpDCCAUqgAwIBAgIDGis8MAoGCCqGSM49BAMCMDAxFzAVBgNVBAoMDkV4YW1w
bGUgRW5lcmd5MRUwEwYDVQQDDAxFeGFtcGxlIFJvb3QwHhcNMjYxMTIyMTIzODQx
WhcNNDYxMTE3MTIzODQxWjAwMRcwFQYDVQQKDA5FeGFtcGxlIEVuZXJneTEVMBMG
A1UEAwwMRXhhbXBsZSBSb290MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE6G9x
CrHpMlIoIE6+tV7kaDg8L/Ml65B2Md6d37aN2FurFo/mrc524WuvM0N0KP4tJaS/
1EsbuagOkBW1UXXkRqNTMFEwHQYDVR0OBBYEFIoIN75qyoaIHg6koOJ0oL37/TFT
MB8GA1UdIwQYMBaAFIoIN75qyoaIHg6koOJ0oL37/TFTMA8GA1UdEwEB/wQFMAMB
Af8wCgYIKoZIzj0EAwIDSAAwRQIgX9ow71LFNJjkvi87/+PE3xC6q1d73MI4G/16
o5C8GXACIQChFmZl5czDxzo2NKfXR024n9b1KQaLX2fnSBHHrv9Gmw==
-----END CERTIFICATE-----
"""
_SIGNING_REQUEST = """\
-----BEGIN CERTIFICATE REQUEST-----
MIHlMIGLAgEAMCkxFzAVBgNVBAoMDkV4YW1wbGUgRW5lcmd5MQ4wDAYDVQQDDAVD
UDAwMTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJMxlYByMaO4UvzekgFWytLn
UuZV5tKFp72ByJgAthnU6jGEIajaJd5IUPFzgzmAo+xXn23U0YvMiTP5IoVvGeag
ADAKBggqhkjOPQQDAgNJADBGAiEAu7YnLbjqoWyzLAQYOe2lmXr3cAKsFoFTFtNR
sxRPD64CIQCjK1/YVNURGpcoZHqYsgser6rSELX+t151NhvOT03a6A==
-----END CERTIFICATE REQUEST-----
"""
_CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBQjCB6QIDTV5vMAoGCCqGSM49BAMCMDAxFzAVBgNVBAoMDkV4YW1wbGUgRW5l
cmd5MRUwEwYDVQQDDAxFeGFtcGxlIFJvb3QwHhcNMjYxMTIyMTIzODQxWhcNMjgx
MTIxMTIzODQxWjApMRcwFQYDVQQKDA5FeGFtcGxlIEVuZXJneTEOMAwGA1UEAwwF
Q1AwMDEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASTMZWAcjGjuFL83pIBVsrS
51LmVebShae9gciYALYZ1OoxhCGo2iXeSFDxc4M5gKPsV59t1NGLzIkz+SKFbxnm
MAoGCCqGSM49BAMCA0gAMEUCIQDK9KeQKgfxzNaVW9+/zWOOfSglsApGWIL86n8V
++eoYAIgVcwcLb8Cp3BDXAoy94RXv9JW8rFq5W4Nz28bWlOlbuo=
-----END CERTIFICATE-----
"""
_ROOT_HASHES = m.CertificateHashData(
    hash_algorithm=m.HashAlgorithm.SHA256,
    issuer_name_hash="085A6F8B9C8EEA698DB90C96BDF034D8FEAB47A1EA123A7D745F06CA76E8BC01",
    issuer_key_hash="3666B075AEAB5232C5F9CD6E65EC1BFB375CF2514123042F8892CF7BE010F50B",
    serial_number="1A2B3C",
)


def _pair(request: m.Request[Conf], response: Conf) -> tuple[m.Request[Any], m.Response]:
    return request, response


_FIRST_CHARGE = (
    _pair(
        m.BootNotification(
            charge_point_vendor="Example Motors",
            charge_point_model="Wallbox 22",
            charge_point_serial_number="EM22-000417",
            firmware_version="3.1.4",
            iccid="8949000000000000012",
            imsi="262010000000012",
            meter_type="EM340",
            meter_serial_number="900417",
        ),
        m.BootNotificationResponse(
            status=m.RegistrationStatus.ACCEPTED, current_time=_at(6, 58, 12), interval=300
        ),
    ),
    _pair(m.Heartbeat(), m.HeartbeatResponse(current_time=_at(7, 3, 12))),
    _pair(
        m.StatusNotification(
            connector_id=1,
            error_code=m.ChargePointErrorCode.NO_ERROR,
            status=m.ChargePointStatus.PREPARING,
            timestamp=_at(7, 14, 40),
        ),
        m.StatusNotificationResponse(),
    ),
    _pair(m.Authorize(id_tag=_ID_TAG), m.AuthorizeResponse(id_tag_info=_ALLOWED)),
    _pair(
        m.StartTransaction(connector_id=1, id_tag=_ID_TAG, meter_start=1284500, timestamp=_at(7, 15)),
        m.StartTransactionResponse(id_tag_info=_ALLOWED, transaction_id=4711),
    ),
    _pair(
        m.MeterValues(
            connector_id=1,
            transaction_id=4711,
            meter_value=[
                m.MeterValue(
                    timestamp=_at(7, 30),
                    sampled_value=[
                        _register("1287250", m.ReadingContext.SAMPLE_PERIODIC),
                        _read(
                            "11040",
                            m.Measurand.POWER_ACTIVE_IMPORT,
                            m.UnitOfMeasure.W,
                            m.ReadingContext.SAMPLE_PERIODIC,
                        ),
                        _read(
                            "16.0",
                            m.Measurand.CURRENT_IMPORT,
                            m.UnitOfMeasure.A,
                            m.ReadingContext.SAMPLE_PERIODIC,
                            phase=m.Phase.L1,
                        ),
                        _read(
                            "41",
                            m.Measurand.SOC,
                            m.UnitOfMeasure.PERCENT,
                            m.ReadingContext.SAMPLE_PERIODIC,
                            location=m.Location.EV,
                        ),
                    ],
                )
            ],
        ),
        m.MeterValuesResponse(),
    ),
    _pair(
        m.StopTransaction(
            id_tag=_ID_TAG,
            meter_stop=1301740,
            timestamp=_at(8, 52, 30),
            transaction_id=4711,
            reason=m.Reason.LOCAL,
            transaction_data=[
                m.MeterValue(
                    timestamp=_at(7, 15),
                    sampled_value=[_register("1284500", m.ReadingContext.TRANSACTION_BEGIN)],
                ),
                m.MeterValue(
                    timestamp=_at(8, 52, 30),
                    sampled_value=[_register("1301740", m.ReadingContext.TRANSACTION_END)],
                ),
            ],
        ),
        m.StopTransactionResponse(id_tag_info=_ALLOWED),
    ),
    _pair(
        m.DataTransfer(vendor_id="com.example", message_id="SetDisplay", data='{"line":1,"text":"Hello"}'),
        m.DataTransferResponse(status=m.DataTransferStatus.ACCEPTED),
    ),
)

_COMMANDS = (
    _pair(
        m.RemoteStartTransaction(
            connector_id=1,
            id_tag=_ID_TAG,
            charging_profile=m.ChargingProfile(
                charging_profile_id=23,
                stack_level=0,
                charging_profile_purpose=m.ChargingProfilePurpose.TX_PROFILE,
                charging_profile_kind=m.ChargingProfileKind.RELATIVE,
                charging_schedule=m.ChargingSchedule(
                    charging_rate_unit=m.ChargingRateUnit.W,
                    charging_schedule_period=[
                        m.ChargingSchedulePeriod(start_period=0, limit=11000.0),
                        m.ChargingSchedulePeriod(start_period=3600, limit=4140.5, number_phases=1),
                    ],
                ),
            ),
        ),
        m.RemoteStartTransactionResponse(status=m.RemoteStartStopStatus.ACCEPTED),
    ),
    _pair(
        m.RemoteStopTransaction(transaction_id=4711),
        m.RemoteStopTransactionResponse(status=m.RemoteStartStopStatus.ACCEPTED),
    ),
    _pair(
        m.ChangeAvailability(connector_id=1, type=m.AvailabilityType.INOPERATIVE),
        m.ChangeAvailabilityResponse(status=m.AvailabilityStatus.SCHEDULED),
    ),
    _pair(m.UnlockConnector(connector_id=1), m.UnlockConnectorResponse(status=m.UnlockStatus.UNLOCKED)),
    _pair(m.Reset(type=m.ResetType.SOFT), m.ResetResponse(status=m.ResetStatus.ACCEPTED)),
    _pair(m.ClearCache(), m.ClearCacheResponse(status=m.ClearCacheStatus.ACCEPTED)),
    _pair(
        m.ChangeConfiguration(key="MeterValueSampleInterval", value="60"),
        m.ChangeConfigurationResponse(status=m.ConfigurationStatus.ACCEPTED),
    ),
    _pair(
        m.GetConfiguration(key=["HeartbeatInterval", "NumberOfConnectors", "TeapotMode"]),
        m.GetConfigurationResponse(
            configuration_key=[
                m.KeyValue(key="HeartbeatInterval", readonly=False, value="300"),
                m.KeyValue(key="NumberOfConnectors", readonly=True, value="2"),
            ],
            unknown_key=["TeapotMode"],
        ),
    ),
    _pair(
        m.TriggerMessage(requested_message=m.MessageTrigger.METER_VALUES, connector_id=1),
        m.TriggerMessageResponse(status=m.TriggerMessageStatus.ACCEPTED),
    ),
    _pair(
        m.ReserveNow(
            connector_id=1,
            expiry_date=_at(7, 45),
            id_tag=_ID_TAG,
            parent_id_tag="FLEET-7",
            reservation_id=88,
        ),
        m.ReserveNowResponse(status=m.ReservationStatus.ACCEPTED),
    ),
    _pair(
        m.CancelReservation(reservation_id=88),
        m.CancelReservationResponse(status=m.CancelReservationStatus.ACCEPTED),
    ),
    _pair(m.GetLocalListVersion(), m.GetLocalListVersionResponse(list_version=16)),
    _pair(
        m.SendLocalList(
            list_version=17,
            update_type=m.UpdateType.DIFFERENTIAL,
            local_authorization_list=[
                m.AuthorizationData(id_tag=_ID_TAG, id_tag_info=_ALLOWED),
                m.AuthorizationData(id_tag="04A1B2C3D4E5F6"),
            ],
        ),
        m.SendLocalListResponse(status=m.UpdateStatus.ACCEPTED),
    ),
)

_SMART_CHARGING = (
    _pair(
        m.SetChargingProfile(
            connector_id=1,
            cs_charging_profiles=m.ChargingProfile(
                charging_profile_id=24,
                stack_level=1,
                charging_profile_purpose=m.ChargingProfilePurpose.TX_DEFAULT_PROFILE,
                charging_profile_kind=m.ChargingProfileKind.RECURRING,
                recurrency_kind=m.RecurrencyKind.DAILY,
                valid_from=_at(0, 0),
                charging_schedule=_NIGHT,
            ),
        ),
        m.SetChargingProfileResponse(status=m.ChargingProfileStatus.ACCEPTED),
    ),
    _pair(
        m.ClearChargingProfile(
            connector_id=1,
            charging_profile_purpose=m.ChargingProfilePurpose.TX_DEFAULT_PROFILE,
            stack_level=1,
        ),
        m.ClearChargingProfileResponse(status=m.ClearChargingProfileStatus.ACCEPTED),
    ),
    _pair(
        m.GetCompositeSchedule(connector_id=1, duration=7200, charging_rate_unit=m.ChargingRateUnit.A),
        m.GetCompositeScheduleResponse(
            status=m.GetCompositeScheduleStatus.ACCEPTED,
            connector_id=1,
            schedule_start=_at(7, 20),
            charging_schedule=m.ChargingSchedule(
                duration=7200,
                charging_rate_unit=m.ChargingRateUnit.A,
                charging_schedule_period=[m.ChargingSchedulePeriod(start_period=0, limit=16.0)],
            ),
        ),
    ),
)

_FILES = (
    _pair(
        m.UpdateFirmware(
            location="https://files.example.com/wallbox22-3.2.0.bin",
            retries=3,
            retrieve_date=_at(22, 0),
            retry_interval=300,
        ),
        m.UpdateFirmwareResponse(),
    ),
    _pair(
        m.FirmwareStatusNotification(status=m.FirmwareStatus.INSTALLED),
        m.FirmwareStatusNotificationResponse(),
    ),
    _pair(
        m.SignedUpdateFirmware(
            request_id=71,
            retries=3,
            retry_interval=300,
            firmware=m.Firmware(
                location="https://files.example.com/wallbox22-3.2.1.bin",
                retrieve_date_time=_at(22, 0),
                install_date_time=_at(23, 30),
                signing_certificate=_CERTIFICATE,
                signature=(
                    "MEUCIQCrcn/wiG5hh2HVdWtCmLnoUZyVDUgZcBiL9YU4hUhAxwIgONP1Wa4BAUKYSTk2uVQ/RBrEbIqj95N9sJoXqz9/7Y8="
                ),
            ),
        ),
        m.SignedUpdateFirmwareResponse(status=m.UpdateFirmwareStatus.ACCEPTED),
    ),
    _pair(
        m.SignedFirmwareStatusNotification(status=m.SignedFirmwareStatus.SIGNATURE_VERIFIED, request_id=71),
        m.SignedFirmwareStatusNotificationResponse(),
    ),
    _pair(
        m.GetDiagnostics(
            location="ftp://files.example.com/CP001",
            retries=2,
            retry_interval=60,
            start_time=_at(0, 0),
            stop_time=_at(9, 0),
        ),
        m.GetDiagnosticsResponse(file_name="CP001-20270111.zip"),
    ),
    _pair(
        m.DiagnosticsStatusNotification(status=m.DiagnosticsStatus.UPLOADED),
        m.DiagnosticsStatusNotificationResponse(),
    ),
    _pair(
        m.GetLog(
            log=m.LogParameters(
                remote_location="https://files.example.com/CP001",
                oldest_timestamp=_at(0, 0),
                latest_timestamp=_at(9, 0),
            ),
            log_type=m.LogType.SECURITY_LOG,
            request_id=72,
            retries=2,
            retry_interval=60,
        ),
        m.GetLogResponse(status=m.LogStatus.ACCEPTED, filename="CP001-security-20270111.log"),
    ),
    _pair(
        m.LogStatusNotification(status=m.UploadLogStatus.UPLOADED, request_id=72),
        m.LogStatusNotificationResponse(),
    ),
)

_SECURITY = (
    _pair(
        m.SecurityEventNotification(
            type="InvalidCentralSystemCertificate",
            timestamp=_at(6, 57, 55),
            tech_info="the certificate expired on 2026-12-31",
        ),
        m.SecurityEventNotificationResponse(),
    ),
    _pair(
        m.ExtendedTriggerMessage(requested_message=m.ExtendedMessageTrigger.SIGN_CHARGE_POINT_CERTIFICATE),
        m.ExtendedTriggerMessageResponse(status=m.TriggerMessageStatus.ACCEPTED),
    ),
    _pair(
        m.SignCertificate(csr=_SIGNING_REQUEST), m.SignCertificateResponse(status=m.GenericStatus.ACCEPTED)
    ),
    _pair(
        m.CertificateSigned(certificate_chain=_CERTIFICATE),
        m.CertificateSignedResponse(status=m.CertificateSignedStatus.ACCEPTED),
    ),
    _pair(
        m.InstallCertificate(
            certificate_type=m.CertificateUse.CENTRAL_SYSTEM_ROOT_CERTIFICATE, certificate=_ROOT
        ),
        m.InstallCertificateResponse(status=m.InstallCertificateStatus.ACCEPTED),
    ),
    _pair(
        m.GetInstalledCertificateIds(certificate_type=m.CertificateUse.CENTRAL_SYSTEM_ROOT_CERTIFICATE),
        m.GetInstalledCertificateIdsResponse(
            status=m.GetInstalledCertificateStatus.ACCEPTED, certificate_hash_data=[_ROOT_HASHES]
        ),
    ),
    _pair(
        m.DeleteCertificate(certificate_hash_data=_ROOT_HASHES),
        m.DeleteCertificateResponse(status=m.DeleteCertificateStatus.ACCEPTED),
    ),
)

EXAMPLES: Mapping[str, tuple[m.Request[Any], m.Response]] = MappingProxyType(
    {
        m.action_of(request).name: (request, response)
        for request, response in (*_FIRST_CHARGE, *_COMMANDS, *_SMART_CHARGING, *_FILES, *_SECURITY)
    }
)
"""A request and the response to it, by the name of the action."""
