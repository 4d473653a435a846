"""Templates: every make that comes with Voltline can be simulated, and a file that cannot says why."""

from pathlib import Path

import pytest
from tests.unit.station.station_lab import START

from voltline.quirks.loading import built_in
from voltline.station.simulator.clock import SimulatedClock
from voltline.station.simulator.habits import habits_of
from voltline.station.simulator.station import SimulatedStation
from voltline.station.simulator.templates import InvalidTemplate, read, template, templates

OWN = """
title = "Acme Mk 2"
vendor = "Acme"
model = "Mk 2"
phases = 1
power_w = 3680
profiles = ["Core", "RemoteTrigger"]

[configuration]
GetConfigurationMaxKeys = "7"

[[vendor_key]]
name = "LedBrightness"
type = "integer"
meaning = "Brightness of the status light in per cent."
default = "80"
minimum = 0
maximum = 100
"""


async def simulated(name: str, text: str | None = None) -> SimulatedStation:
    make = template(name) if text is None else read(text, name)
    return SimulatedStation("ws://127.0.0.1:9/ocpp", "CP1", make.options())


def configured(station: SimulatedStation, key: str) -> tuple[str, bool]:
    (found,), _ = station._runner.core.bench.configuration.read([key])
    return found.value, found.readonly


@pytest.mark.parametrize("name", templates())
async def test_every_template_makes_a_station(name: str):
    station = await simulated(name)
    make = template(name)
    boot = station._runner.core.bench.boot_notification
    assert (boot.charge_point_vendor, boot.firmware_version) == (make.vendor, make.firmware)
    assert len(station.view().connectors) == make.connectors


@pytest.mark.parametrize("vendor", ["Delta", "ABB", "go-e", "Huawei", "Ocular", "OpenEVSE"])
def test_every_vendor_with_a_quirk_has_a_template_that_shows_it(vendor: str):
    (make,) = [one for one in templates().values() if one.vendor.startswith(vendor)]
    quirks = built_in().of("CP1", make.vendor, make.model, make.firmware)
    assert habits_of(quirks, lambda: None) or any(quirk.facts.reading_faults for quirk in quirks)


async def test_delta_ac_max_claims_twenty_periods_read_only():
    station = await simulated("delta-ac-max")
    assert configured(station, "ChargingScheduleMaxPeriods") == ("20", True)
    assert [type(one).__name__ for one in station._habits()] == ["TooManyPeriods"]


async def test_corrected_firmware_has_no_habits():
    options = template("delta-ac-max").options(firmware_version="01.26.40")
    station = SimulatedStation("ws://127.0.0.1:9/ocpp", "CP1", options)
    assert station._habits() == ()


async def test_firmware_update_takes_its_habits_away():
    station = await simulated("delta-ac-max")
    station._runner.core.bench.firmware_version = "01.26.40"
    assert station._habits() == ()


async def test_own_template_brings_keys_profiles_and_defaults():
    station = await simulated("own.toml", OWN)
    assert configured(station, "GetConfigurationMaxKeys") == ("7", True)
    assert configured(station, "LedBrightness") == ("80", False)
    assert configured(station, "SupportedFeatureProfiles") == ("Core,RemoteTrigger", True)


def test_template_is_found_by_name_or_by_path(tmp_path: Path):
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    assert template(str(path)).model == "Mk 2"
    assert template("dc-150").connectors == 2
    with pytest.raises(InvalidTemplate, match=r"no template 'dc-15'\. Did you mean dc-150\? There are abb"):
        template("dc-15")
    with pytest.raises(InvalidTemplate, match=r"gone\.toml cannot be read: No such file"):
        template(str(tmp_path / "gone.toml"))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("phases = 1", "phases = 4"), r"own\.toml: Expected `int` <= 3 - at `\$\.phases`"),
        (("phases = 1", "fases = 1"), "contains unknown field `fases`"),
        (('vendor = "Acme"', ""), "missing required field `vendor`"),
        (("phases = 1", "phases = "), r"own\.toml is not TOML"),
        (('type = "integer"', 'type = "number"'), r"Invalid enum value 'number' - at `\$\.vendor_key"),
    ],
)
def test_template_that_cannot_be_used_says_where_and_why(change: tuple[str, str], problem: str):
    with pytest.raises(InvalidTemplate, match=problem):
        read(OWN.replace(*change), "own.toml")


# ---- the clock


class StandingClock:
    def __init__(self) -> None:
        self.at = 100.0

    def now(self):
        return START

    def monotonic(self) -> float:
        return self.at


def test_clock_runs_as_much_faster_as_told():
    source = StandingClock()
    clock = SimulatedClock(60.0, source)
    source.at += 2.0
    assert clock.monotonic() == 220.0
    assert (clock.now() - START).total_seconds() == 120.0
    clock.put_off(-3600.0)
    assert (clock.now() - START).total_seconds() == -3480.0
    assert clock.monotonic() == 220.0


def test_clock_that_stands_is_refused():
    with pytest.raises(ValueError, match="the speed is above 0, not 0"):
        SimulatedClock(0.0)
