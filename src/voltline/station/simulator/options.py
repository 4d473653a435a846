"""What a simulated station is: its make, and its surroundings."""

from __future__ import annotations

from random import Random

import msgspec

from voltline.messages import BootNotification, FeatureProfile, Mode, action_of, encode, read_request
from voltline.messages.configuration_keys import ConfigurationKey
from voltline.station.core.hardware import ALL_PROFILES, Hardware, Outlet
from voltline.station.device.runner import REBOOT_S
from voltline.station.simulator.meter import MEASURANDS
from voltline.station.simulator.outlet import GRID_PHASES, NOMINAL_V
from voltline.station.simulator.visits import Rhythm

DEFAULT_TAG = "04A2B6C81F5E80"

SAMPLED = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC"
"""What a simulated station samples unless it is told otherwise."""


class StationOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The make of a simulated station and its surroundings."""

    connectors: int = 1
    outlet: Outlet = Outlet.SOCKET
    phases: int = 3
    power_w: float = 11_000.0
    """The most each connector gives, over all its phases."""
    main_meter: bool = False
    """Whether a meter of its own, read as connector 0, counts what flows into the whole station."""
    vendor: str = "Voltline"
    model: str = "Simulated AC"
    serial_number: str = ""
    """Without one it is made of the seed."""
    firmware_version: str = "1.0.0"
    seed: int = 0
    """The same seed gives the same cars, meters and drivers."""
    configuration: tuple[tuple[str, str], ...] = ()
    """Configuration keys to begin with."""
    defaults: tuple[tuple[str, str], ...] = ()
    """Configuration keys that leave the factory with these values, the read-only ones too."""
    vendor_keys: tuple[ConfigurationKey, ...] = ()
    """Configuration keys that only this make has."""
    profiles: tuple[FeatureProfile, ...] = ALL_PROFILES
    """What it supports."""
    quirky: bool = False
    """Whether it gets wrong what charge points of its vendor, model and firmware are known to get wrong."""
    speed: float = 1.0
    """How many seconds of its time go by in one. Above or below 1 it keeps a clock of its own."""
    reboot_s: float = REBOOT_S
    install_s: float = 2.0
    """How long it takes to install firmware."""
    log_entries: int = 1000
    """Frames and events that it keeps for diagnostics and logs; 0 keeps none and costs nothing."""
    auto: Rhythm | None = None
    """Lets cars come and go by themselves."""
    id_tags: tuple[str, ...] = (DEFAULT_TAG,)
    """The tags of those who come by themselves."""


def hardware_of(options: StationOptions, chance: Random) -> Hardware:
    """What the core has to know of it.

    Raises:
        ValueError: a name or version is longer than BootNotification can say.
    """
    serial_number = options.serial_number or f"VL{chance.randrange(10**8):08d}"
    boot = BootNotification(
        charge_point_vendor=options.vendor,
        charge_point_model=options.model,
        charge_point_serial_number=serial_number,
        firmware_version=options.firmware_version,
        meter_type="simulated",
    )
    reading = read_request(action_of(boot), encode(boot), Mode.STRICT)
    if reading.deviations:
        problems = "; ".join(f"{one.path}: {one.text}" for one in reading.deviations)
        raise ValueError(f"no BootNotification can say that: {problems}")
    return Hardware(
        boot=boot,
        connectors=options.connectors,
        outlet=options.outlet,
        phases=options.phases,
        measurands=MEASURANDS,
        main_meter=options.main_meter,
        current_a=options.power_w / ((options.phases or GRID_PHASES) * NOMINAL_V),
        follows_clock=options.speed == 1.0,
        profiles=options.profiles,
        defaults=(("MeterValuesSampledData", SAMPLED), *options.defaults),
        vendor_keys=options.vendor_keys,
    )
