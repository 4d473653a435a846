"""Reading and changing configuration keys (OCPP 1.6, 5.3, 5.8 and 9)."""

from typing import Any

import pytest
from tests.unit.station.station_lab import Lab, hardware

from voltline.messages import (
    CONFIGURATION_KEYS,
    UNSET,
    BootNotification,
    ErrorCode,
    FeatureProfile,
    GetConfiguration,
)
from voltline.messages.configuration_keys import Access, ConfigurationKey, ValueType
from voltline.station.core.configuration import settings_of
from voltline.station.core.happenings import PoweredUp, SettingChanged
from voltline.station.core.hardware import ALL_PROFILES, Outlet
from voltline.station.core.intents import Notice, PingEvery, Refuse


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
@pytest.mark.parametrize("profiles", [ALL_PROFILES, (FeatureProfile.CORE, FeatureProfile.REMOTE_TRIGGER)])
def test_all_keys_of_the_supported_profiles_are_there_and_no_others(profiles: tuple[FeatureProfile, ...]):
    standard = {key.name.lower() for key in CONFIGURATION_KEYS.values() if key.profile in profiles}
    settings = settings_of(hardware(profiles=profiles))
    assert standard <= set(settings)
    assert {setting.key.profile for setting in settings.values()} <= set(profiles)
    assert settings["supportedfeatureprofiles"].initial == ",".join(profiles)


def test_station_without_a_cache_has_no_switch_for_it():
    assert "authorizationcacheenabled" in settings_of(hardware())
    assert "authorizationcacheenabled" not in settings_of(hardware(cached_tags=0))


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
    assert lab.set("ISO15118PnCEnabled", "true") == "NotSupported"


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
        ("ClockAlignedDataInterval", "86401"),
        ("LightIntensity", "101"),
        ("Label", "x" * 501),
    ],
)
def test_value_that_is_none_is_rejected_and_changes_nothing(key: str, wrong: str):
    lab = Lab(vendor_keys=(vendor_key("Label"),)).boot()
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
    assert told == [
        "HeartbeatInterval = 0: Rejected, this station cannot do that",
        "ConnectionTimeOut = 5: Accepted",
    ]


def vendor_key(name: str, kind: ValueType = ValueType.STRING, **more: Any) -> ConfigurationKey:
    given = {"access": Access.READ_WRITE, "meaning": "", "source": "vendor"} | more
    return ConfigurationKey(name=name, profile=FeatureProfile.CORE, type=kind, **given)


def test_vendor_keys_have_type_access_limits_and_default():
    keys = (
        vendor_key("Brightness", ValueType.INTEGER, default="3", maximum=9),
        vendor_key("Label"),
        vendor_key("Serial", access=Access.READ, default="42"),
    )
    lab = Lab(vendor_keys=keys, keys_after_reboot=frozenset({"Label"})).boot()
    assert value(lab, "brightness") == "3"
    assert lab.set("Brightness", "10") == "Rejected"
    assert lab.set("Brightness", "9") == "Accepted"
    assert lab.set("Label", "Gate 4") == "RebootRequired"
    assert lab.set("Serial", "43") == "Rejected"
    assert value(lab, "Serial") == "42"


@pytest.mark.requirement("CFG-09", "CFG-11")
def test_secret_can_be_written_and_is_never_read():
    lab = Lab(vendor_keys=(vendor_key("Secret", access=Access.WRITE, default="initial"),)).boot()
    assert lab.set("Secret", "hunter2") == "Accepted"
    (key,) = lab.ask(GetConfiguration(key=["Secret"])).configuration_key
    assert (key.readonly, key.value) == (False, UNSET)
    assert "hunter2" not in str(lab.ask(GetConfiguration()))


def test_make_that_contradicts_itself_is_refused():
    with pytest.raises(ValueError, match="there is a configuration key HeartbeatInterval already"):
        Lab(vendor_keys=(vendor_key("HeartbeatInterval"),))
    with pytest.raises(ValueError, match="NoSuchKey is no configuration key of this make"):
        Lab(defaults=(("NoSuchKey", "1"),))
    with pytest.raises(ValueError, match="HeartbeatInterval cannot be 'soon': 'soon' is not a whole number"):
        Lab(defaults=(("HeartbeatInterval", "soon"),))
    with pytest.raises(ValueError, match="every station has the Core profile"):
        Lab(profiles=(FeatureProfile.RESERVATION,))


@pytest.mark.requirement("RST-06")
def test_changed_values_survive_a_loss_of_power():
    lab = Lab(defaults=(("ConnectionTimeOut", "45"), ("BlinkRepeat", "1"))).boot()
    lab.set("ConnectionTimeOut", "90")
    lab.lose_power()
    lab.connect()
    assert value(lab, "ConnectionTimeOut") == "90"
    assert value(lab, "BlinkRepeat") == "1"


def test_kept_value_that_no_longer_fits_gives_way_to_the_factory_value():
    lab = Lab()
    lab.storage.keep("configuration", b'{"connectiontimeout":"90","localpreauthorize":"x","gone":"1"}')
    lab.lose_power()
    lab.connect()
    assert value(lab, "ConnectionTimeOut") == "90"
    assert value(lab, "LocalPreAuthorize") == "false"


def test_stations_of_one_make_share_their_keys():
    another = BootNotification(charge_point_vendor="Voltline", charge_point_model="Other")
    assert settings_of(hardware()) is settings_of(hardware(boot=another))


@pytest.mark.requirement("MTV-14", "MTV-15", "CFG-12")
def test_phase_rotation_is_kept_by_connector_main_meter_included(lab: Lab):
    assert lab.set("ConnectorPhaseRotation", "0.RST,1.RST,2.RTS") == "Accepted"
    assert value(lab, "ConnectorPhaseRotation") == "0.RST,1.RST,2.RTS"
    assert value(lab, "ConnectorPhaseRotationMaxLength") == "3"


@pytest.mark.requirement("PRF-08")
def test_smart_charging_station_says_how_much_of_it_it_can(lab: Lab):
    assert int(value(lab, "ChargeProfileMaxStackLevel")) > 0
    assert int(value(lab, "ChargingScheduleMaxPeriods")) > 0
    assert int(value(lab, "MaxChargingProfilesInstalled")) > 0
    assert set(value(lab, "ChargingScheduleAllowedChargingRateUnit").split(",")) <= {"Current", "Power"}


@pytest.mark.requirement("CFG-13")
def test_station_says_which_file_transfer_protocols_it_speaks(lab: Lab):
    (key,) = lab.ask(GetConfiguration(key=["SupportedFileTransferProtocols"])).configuration_key
    assert key.readonly
    assert set(key.value.split(",")) <= {"FTP", "FTPS", "HTTP", "HTTPS"}


@pytest.mark.requirement("CFG-12", "MTV-34")
def test_every_list_says_how_long_it_can_be_or_has_one_item():
    settings = settings_of(hardware())
    for setting in settings.values():
        longest = setting.key.longest_list
        if longest is not None:
            items = [item for item in setting.initial.split(",") if item]
            assert len(items) <= int(settings[longest.lower()].initial)


@pytest.mark.requirement("PRF-03")
def test_longest_list_of_profiles_is_said_though_it_need_not_be(lab: Lab):
    assert len(value(lab, "SupportedFeatureProfiles").split(",")) <= int(
        value(lab, "SupportedFeatureProfilesMaxLength")
    )


@pytest.mark.requirement("WSC-12")
@pytest.mark.parametrize("interval_s", [0, 55])
def test_interval_of_pings_holds_from_the_next_boot_on(lab: Lab, interval_s: int):
    assert lab.set("WebSocketPingInterval", str(interval_s)) == "RebootRequired"
    lab.disconnect()
    assert PingEvery(interval_s) in lab.do(PoweredUp())
