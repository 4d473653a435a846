"""The keys of the other profiles, the security whitepaper and the Plug & Charge application note."""

from voltline.messages.action import FeatureProfile
from voltline.messages.configuration_keys.key import Access, KeysOf

_R, _RW, _W = Access.READ, Access.READ_WRITE, Access.WRITE

_firmware = KeysOf(FeatureProfile.FIRMWARE_MANAGEMENT)
_local_list = KeysOf(FeatureProfile.LOCAL_AUTH_LIST_MANAGEMENT)
_reservation = KeysOf(FeatureProfile.RESERVATION)
_smart_charging = KeysOf(FeatureProfile.SMART_CHARGING)
OTHER_PROFILES = (
    _firmware.list(
        "SupportedFileTransferProtocols",
        _R,
        "How files can be fetched and uploaded.",
        "OCPP 1.6, 8; errata 3.88",
        allowed=("FTP", "FTPS", "HTTP", "HTTPS"),
        note="Added by the errata. The security whitepaper (L01) requires it.",
    ),
    _local_list.flag(
        "LocalAuthListEnabled",
        _RW,
        "Whether the local list is used.",
        "OCPP 1.6, 9.2.1",
        required=True,
        default="true",
    ),
    _local_list.number(
        "LocalAuthListMaxLength",
        _R,
        "The most entries that the local list can hold.",
        "OCPP 1.6, 9.2.2",
        required=True,
        unit="entries",
    ),
    _local_list.number(
        "SendLocalListMaxLength",
        _R,
        "The most entries that one SendLocalList can bring.",
        "OCPP 1.6, 9.2.3",
        required=True,
        unit="entries",
    ),
    _reservation.flag(
        "ReserveConnectorZeroSupported",
        _R,
        "Whether connector 0, which is any connector, can be reserved.",
        "OCPP 1.6, 9.3.1",
        note="Absent means no.",
    ),
    _smart_charging.number(
        "ChargeProfileMaxStackLevel",
        _R,
        "The highest stackLevel, and the most schedules installed for each purpose.",
        "OCPP 1.6, 9.4.1",
        required=True,
    ),
    _smart_charging.list(
        "ChargingScheduleAllowedChargingRateUnit",
        _R,
        "What a schedule can limit: Current (chargingRateUnit A), Power (chargingRateUnit W).",
        "OCPP 1.6, 9.4.2; errata 3.86",
        required=True,
        allowed=("Current", "Power"),
        default="Current,Power",
    ),
    _smart_charging.number(
        "ChargingScheduleMaxPeriods",
        _R,
        "The most periods that a schedule can have.",
        "OCPP 1.6, 9.4.3",
        required=True,
        unit="periods",
    ),
    _smart_charging.flag(
        "ConnectorSwitch3to1PhaseSupported",
        _R,
        "Whether the charge point can change from three phases to one during a transaction.",
        "OCPP 1.6, 9.4.4; errata 4.28",
        default="false",
    ),
    _smart_charging.number(
        "MaxChargingProfilesInstalled",
        _R,
        "The most profiles that can be installed at once.",
        "OCPP 1.6, 9.4.5",
        required=True,
        unit="profiles",
    ),
)

_security = KeysOf(FeatureProfile.SECURITY)
SECURITY = (
    _security.flag(
        "AdditionalRootCertificateCheck",
        _R,
        "Whether there is only one root for the central system, whose successor must be signed by it.",
        "Security whitepaper, 7.1",
        default="false",
        note="Required unless the charge point knows security profile 1 alone.",
    ),
    _security.text(
        "AuthorizationKey",
        _W,
        "The password of HTTP Basic authentication: 16 to 20 bytes, as hexadecimal digits.",
        "Security whitepaper, 7.2; OCPP-J 1.6, 6.2.2; OCPP-J errata 3.10",
        pattern="(?:[0-9A-F]{2}){16,20}",
        form="16 to 20 bytes as hexadecimal digits",
        note="Required unless the charge point knows security profile 3 alone.",
    ),
    _security.number(
        "CertificateSignedMaxChainSize",
        _R,
        "The longest certificateChain that CertificateSigned can bring.",
        "Security whitepaper, 7.3; Plug & Charge application note, 7",
        unit="characters",
        maximum=10000,
        default="10000",
        note="Section 5.1 calls it CertificateSignedMaxSize.",
    ),
    _security.number(
        "CertificateStoreMaxLength",
        _R,
        "The most root and CA certificates that can be installed.",
        "Security whitepaper, 7.4; Plug & Charge application note, 7",
        unit="certificates",
        default="10",
    ),
    _security.text(
        "CpoName",
        _RW,
        "The operator's name, which becomes the organization in certificate signing requests.",
        "Security whitepaper, 7.5",
        note="Must be set before a certificate can be asked for.",
    ),
    _security.number(
        "SecurityProfile",
        _RW,
        "How the connection is secured: 0 not set, 1 password, 2 TLS and password, 3 TLS on both sides.",
        "Security whitepaper, 7.6",
        maximum=3,
        default="0",
        default_is_given=True,
        note="Can only be raised; the charge point then reconnects.",
    ),
)

_plug_and_charge = KeysOf("ISO15118")
PLUG_AND_CHARGE = (
    _plug_and_charge.flag(
        "ISO15118PnCEnabled",
        _RW,
        "Whether a vehicle can authorize itself with a contract certificate.",
        "Plug & Charge application note, 7",
        required=True,
        default="false",
    ),
    _plug_and_charge.flag(
        "ContractValidationOffline",
        _RW,
        "Whether the charge point tries to validate contract certificates while offline.",
        "Plug & Charge application note, 7",
        required=True,
        default="true",
    ),
    _plug_and_charge.flag(
        "CentralContractValidationAllowed",
        _RW,
        "Whether the charge point may pass a contract certificate on that it cannot validate itself.",
        "Plug & Charge application note, 7",
        default="false",
    ),
    _plug_and_charge.number(
        "CertSigningWaitMinimum",
        _RW,
        "Time to wait for a signed certificate before it is asked for again.",
        "Plug & Charge application note, 7",
        unit="s",
        default="30",
    ),
    _plug_and_charge.number(
        "CertSigningRepeatTimes",
        _RW,
        "How often that wait is doubled.",
        "Plug & Charge application note, 7",
        unit="times",
        default="3",
    ),
)
