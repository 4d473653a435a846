"""The standard configuration keys."""

import re
from pathlib import Path

import pytest

from voltline.messages import CONFIGURATION_KEYS, ConfigurationKey, FeatureProfile
from voltline.messages.configuration_keys import Access, ConfigurationKeys, ValueType

CORE = [
    "ConnectionTimeOut",
    "HeartbeatInterval",
    "WebSocketPingInterval",
    "AllowOfflineTxForUnknownId",
    "AuthorizationCacheEnabled",
    "AuthorizeRemoteTxRequests",
    "LocalAuthorizeOffline",
    "LocalPreAuthorize",
    "StopTransactionOnEVSideDisconnect",
    "StopTransactionOnInvalidId",
    "UnlockConnectorOnEVSideDisconnect",
    "MaxEnergyOnInvalidId",
    "ClockAlignedDataInterval",
    "MeterValueSampleInterval",
    "MeterValuesAlignedData",
    "MeterValuesSampledData",
    "StopTxnAlignedData",
    "StopTxnSampledData",
    "NumberOfConnectors",
    "SupportedFeatureProfiles",
    "ResetRetries",
    "ConnectorPhaseRotation",
    "GetConfigurationMaxKeys",
    "TransactionMessageAttempts",
    "TransactionMessageRetryInterval",
    "MessageTimeout",
    "StopTransactionMaxMeterValues",
    "BlinkRepeat",
    "LightIntensity",
    "MinimumStatusDuration",
    "ConnectorPhaseRotationMaxLength",
    "MeterValuesAlignedDataMaxLength",
    "MeterValuesSampledDataMaxLength",
    "StopTxnAlignedDataMaxLength",
    "StopTxnSampledDataMaxLength",
    "SupportedFeatureProfilesMaxLength",
]
SMART_CHARGING = [
    "ChargeProfileMaxStackLevel",
    "ChargingScheduleAllowedChargingRateUnit",
    "ChargingScheduleMaxPeriods",
    "MaxChargingProfilesInstalled",
    "ConnectorSwitch3to1PhaseSupported",
]
LOCAL_LIST = ["LocalAuthListEnabled", "LocalAuthListMaxLength", "SendLocalListMaxLength"]
SECURITY = [
    "AdditionalRootCertificateCheck",
    "AuthorizationKey",
    "CertificateSignedMaxChainSize",
    "CertificateStoreMaxLength",
    "CpoName",
    "SecurityProfile",
]
PLUG_AND_CHARGE = [
    "ISO15118PnCEnabled",
    "CentralContractValidationAllowed",
    "ContractValidationOffline",
    "CertSigningWaitMinimum",
    "CertSigningRepeatTimes",
]
REQUIRED_IN_CORE = [
    "AuthorizeRemoteTxRequests",
    "ClockAlignedDataInterval",
    "ConnectionTimeOut",
    "ConnectorPhaseRotation",
    "GetConfigurationMaxKeys",
    "HeartbeatInterval",
    "LocalAuthorizeOffline",
    "LocalPreAuthorize",
    "MeterValuesAlignedData",
    "MeterValuesSampledData",
    "MeterValueSampleInterval",
    "NumberOfConnectors",
    "ResetRetries",
    "StopTransactionOnInvalidId",
    "StopTxnAlignedData",
    "StopTxnSampledData",
    "SupportedFeatureProfiles",
    "TransactionMessageAttempts",
    "TransactionMessageRetryInterval",
    "UnlockConnectorOnEVSideDisconnect",
]


@pytest.mark.parametrize(
    ("profile", "names"),
    [
        (FeatureProfile.CORE, CORE),
        (FeatureProfile.SMART_CHARGING, SMART_CHARGING),
        (FeatureProfile.LOCAL_AUTH_LIST_MANAGEMENT, LOCAL_LIST),
        (FeatureProfile.RESERVATION, ["ReserveConnectorZeroSupported"]),
        (FeatureProfile.FIRMWARE_MANAGEMENT, ["SupportedFileTransferProtocols"]),
        (FeatureProfile.REMOTE_TRIGGER, []),
        (FeatureProfile.SECURITY, SECURITY),
        ("ISO15118", PLUG_AND_CHARGE),
    ],
)
def test_every_key_of_the_profile_is_there_and_no_other(profile: str, names: list[str]) -> None:
    assert {key.name for key in CONFIGURATION_KEYS.values() if key.profile == profile} == set(names)


def test_there_are_57_keys_36_of_them_of_the_core_profile() -> None:
    assert len(CONFIGURATION_KEYS) == len(list(CONFIGURATION_KEYS)) == 57
    assert len(CORE) == 36


def test_required_keys_of_the_core_profile_are_marked() -> None:
    required = {key.name for key in CONFIGURATION_KEYS.values() if key.required}
    assert required & set(CORE) == set(REQUIRED_IN_CORE)


def test_keys_agree_with_the_specification_in_profile_access_and_requirement(shared_spec: Path) -> None:
    table = (shared_spec / "configuration-keys.md").read_text()
    rows = re.findall(r"^\| (\w+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|", table, re.MULTILINE)
    seen = set()
    for name, required, access, kind, unit in rows:
        if name == "name":
            continue
        key = CONFIGURATION_KEYS[name]
        seen.add(key.name)
        assert key.name == name
        assert key.required == required.startswith("required"), name
        assert key.access.value in re.findall(r"\w+", access), name
        assert key.may_be_read_only == bool(re.match(r"R or RW|RW \(R,", access)), name
        assert key.type.value == kind.lower(), name
        if key.type is ValueType.INTEGER:
            assert (key.unit or "-") == unit, name
    assert seen == set(CONFIGURATION_KEYS)


@pytest.mark.requirement("GEN-02")
def test_a_key_is_found_without_regard_to_case_under_its_standard_name() -> None:
    assert CONFIGURATION_KEYS["heartbeatINTERVAL"].name == "HeartbeatInterval"
    assert "connectiontimeout" in CONFIGURATION_KEYS
    assert CONFIGURATION_KEYS.get("NoSuchKey") is None
    assert "HeartbeatInterval" in list(CONFIGURATION_KEYS)
    with pytest.raises(KeyError):
        CONFIGURATION_KEYS["NoSuchKey"]


def test_two_keys_cannot_share_a_name() -> None:
    key = CONFIGURATION_KEYS["CpoName"]
    with pytest.raises(ValueError, match="two configuration keys have one name"):
        ConfigurationKeys(key, key)


@pytest.mark.parametrize("key", CONFIGURATION_KEYS.values(), ids=lambda key: key.name)
def test_every_key_explains_itself_and_its_default_is_one_of_its_values(key: ConfigurationKey) -> None:
    assert key.meaning.endswith(".")
    assert re.search(r"OCPP 1\.6, |[Ee]rrata |whitepaper, |note, ", key.source)
    assert len(key.name) <= 50
    if key.default is not None:
        assert key.problem(key.default) is None
        assert len(key.default) <= 500
    assert (key.pattern is None) == (key.form == "")
    if key.longest_list is not None:
        assert CONFIGURATION_KEYS[key.longest_list].access is Access.READ


def test_only_three_defaults_come_from_the_specification() -> None:
    # The third, one item for a list without a key for its length, is no default of a key.
    given = {key.name: key.default for key in CONFIGURATION_KEYS.values() if key.default_is_given}
    assert given == {"MeterValuesSampledData": "Energy.Active.Import.Register", "SecurityProfile": "0"}


@pytest.mark.requirement("CFG-05", "MTV-17", "MTV-18")
@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("LocalPreAuthorize", ["true", "false", "True", " FALSE"], ["", "1", "yes"]),
        ("HeartbeatInterval", ["0", "300", " 60", "+5"], ["", "abc", "-1", "1.5", "1e3", "9" * 5000, "٣"]),
        ("WebSocketPingInterval", ["0", "30"], ["-1"]),
        ("LightIntensity", ["0", "100"], ["101"]),
        ("SecurityProfile", ["0", "3"], ["4"]),
        ("CertificateSignedMaxChainSize", ["10000"], ["10001"]),
        (
            "MeterValuesSampledData",
            ["", "SoC", "Voltage.L1,Voltage.L1-N", "Energy.Active.Import.Register, soc", "RPM"],
            ["Voltage.L4", "SoC,,RPM", "SoC,Horsepower", "EnergyXActive.Import.Register", ","],
        ),
        ("ConnectorPhaseRotation", ["0.RST, 1.RST, 2.RTS", "1.Unknown", ""], ["RST", "1.ABC", "1.RST;2.RST"]),
        ("ChargingScheduleAllowedChargingRateUnit", ["Current", "Current,Power"], ["A", "W", "Current,A"]),
        ("SupportedFileTransferProtocols", ["FTP,HTTPS"], ["SFTP"]),
        ("AuthorizationKey", ["00" * 16, "aF" * 20], ["00" * 15, "00" * 21, "0" * 33, "password"]),
        ("CpoName", ["Example Energy", ""], []),
    ],
)
def test_values_are_told_from_what_is_no_value(name: str, good: list[str], bad: list[str]) -> None:
    key = CONFIGURATION_KEYS[name]
    assert {value: key.problem(value) for value in good} == dict.fromkeys(good)
    for value in bad:
        problem = key.problem(value)
        assert problem, value
        assert len(problem) < 6000


def test_the_problem_of_a_value_says_what_would_be_one() -> None:
    assert CONFIGURATION_KEYS["SecurityProfile"].problem("4") == "4 is above 3"
    assert CONFIGURATION_KEYS["WebSocketPingInterval"].problem("-1") == "-1 is below 0"
    assert CONFIGURATION_KEYS["ChargingScheduleAllowedChargingRateUnit"].problem("A") == (
        "'A' is none of Current, Power"
    )
    assert CONFIGURATION_KEYS["StopTxnSampledData"].problem("Horsepower") == (
        "'Horsepower' is not a measurand, perhaps with a phase, such as Voltage.L1"
    )


def test_the_problem_of_a_secret_does_not_tell_the_secret() -> None:
    assert CONFIGURATION_KEYS["AuthorizationKey"].problem("hunter2") == (
        "the value is not 16 to 20 bytes as hexadecimal digits"
    )
