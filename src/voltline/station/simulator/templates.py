"""Makes of charge points to simulate, as data: one TOML file each in the folder beside this module.

    title = "Acme Mk 2, 11 kW, socket"
    vendor = "Acme"
    model = "Mk 2"
    firmware = "2.0.4"               # and these, where they differ from those of `Template`:
    connectors = 2
    outlet = "tethered"
    phases = 3                       # 1, 3, or 0 for direct current
    power_w = 11_040                 # of each connector
    profiles = ["Core", "RemoteTrigger"]

    [configuration]                  # keys as they leave the factory, the read-only ones too
    ChargingScheduleMaxPeriods = "20"

    [[vendor_key]]                   # keys that no standard has
    name = "LedBrightness"
    type = "integer"
    meaning = "Brightness of the status light in per cent."
    default = "80"
    minimum = 0
    maximum = 100

What a make gets wrong does not stand here but in `voltline.quirks`, found by vendor, model and firmware.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from voltline.messages import FeatureProfile
from voltline.messages.configuration_keys import Access, ConfigurationKey, ValueType
from voltline.station.core.hardware import ALL_PROFILES, Outlet
from voltline.station.simulator.options import StationOptions

_SUFFIX = ".toml"
_FOLDER = files("voltline.station.simulator") / "templates"

Text = Annotated[str, Meta(min_length=1)]


class InvalidTemplate(ValueError):
    """There is no such template, or its file cannot be used; the text says why and what there is."""


class VendorKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A configuration key of one make."""

    name: Annotated[str, Meta(min_length=1, max_length=50)]
    type: ValueType = ValueType.STRING
    access: Access = Access.READ_WRITE
    meaning: Text
    default: Annotated[str, Meta(max_length=500)] = ""
    unit: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    allowed: tuple[str, ...] = ()


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One make of charge point."""

    title: Text
    vendor: Annotated[str, Meta(min_length=1, max_length=20)]
    model: Annotated[str, Meta(min_length=1, max_length=20)]
    firmware: Annotated[str, Meta(min_length=1, max_length=50)] = "1.0.0"
    connectors: Annotated[int, Meta(ge=1, le=99)] = 1
    outlet: Outlet = Outlet.SOCKET
    phases: Annotated[int, Meta(ge=0, le=3)] = 3
    power_w: Annotated[float, Meta(gt=0)] = 11_040.0
    main_meter: bool = False
    profiles: tuple[FeatureProfile, ...] = ALL_PROFILES
    configuration: dict[str, str] = {}
    vendor_key: tuple[VendorKey, ...] = ()

    def options(self, **changes: Any) -> StationOptions:
        """A station of this make, quirks and all; `changes` are other fields of its options."""
        made = StationOptions(
            connectors=self.connectors,
            outlet=self.outlet,
            phases=self.phases,
            power_w=self.power_w,
            main_meter=self.main_meter,
            vendor=self.vendor,
            model=self.model,
            firmware_version=self.firmware,
            profiles=self.profiles,
            defaults=tuple(self.configuration.items()),
            vendor_keys=tuple(_key(key, self.vendor) for key in self.vendor_key),
            quirky=True,
        )
        return msgspec.structs.replace(made, **changes)


@cache
def templates() -> Mapping[str, Template]:
    """Those that come with Voltline, by name."""
    found = sorted(one.name for one in _FOLDER.iterdir() if one.name.endswith(_SUFFIX))
    return {name.removesuffix(_SUFFIX): read((_FOLDER / name).read_text("utf-8"), name) for name in found}


def template(name: str) -> Template:
    """The template of this name, or that in the file of this path, which then ends in `.toml`.

    Raises:
        InvalidTemplate: there is none, or its file cannot be used.
    """
    if name.endswith(_SUFFIX):
        try:
            return read(Path(name).read_text("utf-8"), name)
        except OSError as error:
            raise InvalidTemplate(f"{name} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise InvalidTemplate(f"{name} is not UTF-8: {error.reason} at byte {error.start}") from None
    known = templates()
    if name not in known:
        near = get_close_matches(name.lower(), known, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        there = ", ".join(known)
        raise InvalidTemplate(f"there is no template {name!r}.{hint} There are {there}; or name a .toml file")
    return known[name]


def read(text: str, name: str) -> Template:
    """The template in the text of a file of this name.

    Raises:
        InvalidTemplate: it cannot be used; says where and why.
    """
    try:
        return msgspec.convert(tomllib.loads(text), Template)
    except tomllib.TOMLDecodeError as error:
        raise InvalidTemplate(f"{name} is not TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise InvalidTemplate(f"{name}: {error}") from None


def _key(key: VendorKey, vendor: str) -> ConfigurationKey:
    return ConfigurationKey(
        name=key.name,
        profile=FeatureProfile.CORE,
        type=key.type,
        access=key.access,
        meaning=key.meaning,
        unit=key.unit,
        default=key.default,
        minimum=key.minimum,
        maximum=key.maximum,
        allowed=key.allowed,
        source=vendor,
    )
