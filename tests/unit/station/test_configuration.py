"""Reading and changing configuration keys (OCPP 1.6, 5.3, 5.8 and 9)."""

import pytest
from tests.unit.station.station_lab import Lab, hardware

from voltline.messages import CONFIGURATION_KEYS, UNSET, ErrorCode, GetConfiguration
from voltline.station.core.configuration import PROFILES, settings_of
from voltline.station.core.happenings import SettingChanged
from voltline.station.core.hardware import Outlet
from voltline.station.core.intents import Notice, Refuse


def value(lab: Lab, key: str) -> str:
    (found,) = lab.ask(GetConfiguration(key=[key])).configuration_key
    return found.value


@pytest.mark.requirement("CFG-06")
def test_no_names_ask_for_everything(lab: Lab):
    everything = lab.ask(GetConfiguration())
    assert everything == lab.ask(GetConfiguration(key=[]))
    assert everything.unknown_key is UNSET
    assert len(everything.configuration_key) == len(settings_of(hardware()))


@pytest.mark.requirement("CFG-07", "GEN-02")
def test_known_and_unknown_names_are_told_apart(lab: Lab):
    response = lab.ask(GetConfiguration(key=["heartbeatINTERVAL", "NoSuchKey"]))
    assert [one.key for one in response.configuration_key] == ["HeartbeatInterval"]
    assert response.unknown_key == ["NoSuchKey"]


@pytest.mark.requirement("CFG-11", "PRF-05", "PRF-02")
def test_every_required_key_of_the_supported_profiles_is_there():
    required = {key.name for key in CONFIGURATION_KEYS.values() if key.required and key.profile in PROFILES}
    assert {name.lower() for name in required} <= set(settings_of(hardware()))
    assert {setting.key.profile for setting in settings_of(hardware()).values()} <= set(PROFILES)


@pytest.mark.parametrize("outlet", list(Outlet))
@pytest.mark.parametrize("phases", [0, 1, 3])
def test_every_first_value_is_allowed_by_its_own_key(outlet: Outlet, phases: int):
    for setting in settings_of(hardware(outlet=outlet, phases=phases)).values():
        assert setting.key.problem(setting.initial) is None, setting
        assert setting.accepts(setting.initial), setting


@pytest.mark.requirement("CFG-08")
def test_too_many_names_are_refused(lab: Lab):
    refusal = lab.ask(GetConfiguration(key=["HeartbeatInterval"] * 51))
    assert isinstance(refusal, Refuse)
    assert refusal.code is ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION
    assert "51 keys asked for; GetConfigurationMaxKeys is 50" in refusal.text


@pytest.mark.requirement("CFG-02", "GEN-02")
def test_changed_value_is_read_back(lab: Lab):
    assert lab.set("connectiontimeout", " 90 ") == "Accepted"
    assert value(lab, "ConnectionTimeOut") == "90"
    assert lab.set("LocalPreAuthorize", "TRUE") == "Accepted"
    assert value(lab, "LocalPreAuthorize") == "true"


@pytest.mark.requirement("CFG-03")
def test_what_needs_a_reboot_says_so(lab: Lab):
    assert lab.set("WebSocketPingInterval", "20") == "RebootRequired"
    assert value(lab, "WebSocketPingInterval") == "20"
    assert lab.rebooted is None


@pytest.mark.requirement("CFG-04")
def test_unknown_key_is_not_supported(lab: Lab):
    assert lab.set("NoSuchKey", "1") == "NotSupported"


@pytest.mark.requirement("CFG-05", "WSC-13")
@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("HeartbeatInterval", "abc"),
        ("HeartbeatInterval", "0"),
        ("HeartbeatInterval", "-5"),
        ("NumberOfConnectors", "9"),
        ("LocalPreAuthorize", "yes"),
        ("WebSocketPingInterval", "-1"),
        ("ConnectorPhaseRotation", "3.RST"),
        ("ConnectorPhaseRotation", "1.RSTU"),
        ("ClockAlignedDataInterval", "900"),
    ],
)
def test_value_that_is_none_is_rejected_and_changes_nothing(lab: Lab, key: str, wrong: str):
    before = value(lab, key)
    assert lab.set(key, wrong) == "Rejected"
    assert value(lab, key) == before


@pytest.mark.requirement("MTV-18")
@pytest.mark.parametrize(
    "key", ["MeterValuesSampledData", "MeterValuesAlignedData", "StopTxnSampledData", "StopTxnAlignedData"]
)
def test_one_measurand_that_cannot_be_measured_refuses_the_list(lab: Lab, key: str):
    before = value(lab, key)
    assert lab.set(key, "Energy.Active.Import.Register,RPM") == "Rejected"
    assert lab.set(key, "Voltage.L1,Nonsense") == "Rejected"
    assert value(lab, key) == before


@pytest.mark.requirement("MTV-17")
def test_measurand_may_name_a_phase(lab: Lab):
    assert lab.set("MeterValuesSampledData", "Voltage.L1, current.import.L2-N,Voltage.L3-N") == "Accepted"


@pytest.mark.requirement("CFG-10")
def test_tethered_station_never_unlocks_at_the_vehicle():
    lab = Lab(outlet=Outlet.TETHERED).boot()
    (key,) = lab.ask(GetConfiguration(key=["UnlockConnectorOnEVSideDisconnect"])).configuration_key
    assert (key.value, key.readonly) == ("false", True)


def test_setting_made_at_the_station_follows_the_same_rules(lab: Lab):
    lab.do(SettingChanged("HeartbeatInterval", "0"))
    lab.do(SettingChanged("ConnectionTimeOut", "5"))
    told = [one.text for one in lab.intents if isinstance(one, Notice)]
    assert told == ["HeartbeatInterval = 0: Rejected", "ConnectionTimeOut = 5: Accepted"]


def test_stations_of_one_make_share_their_keys():
    assert settings_of(hardware()) is settings_of(hardware())
