"""A quirk: which charge points have it, what is wrong, and the facts that a program can act on."""

from __future__ import annotations

import re
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Annotated

from msgspec import Meta, Struct

from voltline.quirks.versions import VersionRange

_IDLE = re.compile(r"[\s_\-.,]+")


class Match(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Charge points that have the quirk. Conditions that are left out hold for all.

    Patterns have `*` and `?`, and are compared without regard to case, spaces, hyphens, dots and underscores:
    `Delta*` is met by `DELTA Electronics`, `ACMAX*` by `AC MAX 22kW`.
    """

    vendor: Annotated[str, Meta(min_length=1)] = "*"
    model: Annotated[str, Meta(min_length=1)] = "*"
    identity: Annotated[str, Meta(min_length=1)] = "*"
    firmware: str | None = None
    """A range, such as `<01.26.40`. One that does not tell its firmware is taken to be in it."""

    def __post_init__(self) -> None:
        if self.firmware is not None:
            VersionRange(self.firmware)
        if plain(self.vendor) == plain(self.model) == plain(self.identity) == "*":
            raise ValueError("a match names vendor, model or identity: this one would be met by everything")

    def met_by(self, identity: str, vendor: str | None, model: str | None, firmware: str | None) -> bool:
        """Whether a charge point that says this of itself has the quirk."""
        told = ((self.vendor, vendor), (self.model, model), (self.identity, identity))
        return all(_fits(pattern, value) for pattern, value in told) and (
            self.firmware is None or VersionRange(self.firmware).holds(firmware)
        )


class ReadingFault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Readings that say something else than they mean."""

    measurand: str
    unit: str
    """The unit that they come with, or that their measurand has where they come without."""
    factor: Decimal
    """By which they have to be multiplied."""
    means: str
    """The unit that they then have."""

    def __post_init__(self) -> None:
        if not self.factor.is_finite() or self.factor <= 0:
            raise ValueError(f"a factor is a number above 0, not {self.factor}")


class Facts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of the fault, for programs. None, False and nothing: not of this quirk."""

    max_schedule_periods: Annotated[int, Meta(ge=1)] | None = None
    """Periods in a charging schedule that it can cope with, whatever ChargingScheduleMaxPeriods says."""
    stalls_above_max_periods_s: Annotated[float, Meta(ge=0)] | None = None
    """With more it answers nothing for so long, ..."""
    answers_above_max_periods: str | None = None
    """... then this payload, ..."""
    disconnects_above_max_periods: bool = False
    """... and drops the connection."""
    drops_idle_socket_after_s: Annotated[float, Meta(gt=0)] | None = None
    """A connection over which nothing goes for about so long is dropped."""
    reboots_after_setting: tuple[str, ...] = ()
    """Configuration keys after whose change it reboots, even if it accepts it."""
    reading_faults: tuple[ReadingFault, ...] = ()
    meter_stop_below_start_wh: Annotated[int, Meta(ge=1)] | None = None
    """A transaction without energy may end by so much below its start."""
    max_remote_id_tag_length: Annotated[int, Meta(ge=1)] | None = None
    """Longer tags in RemoteStartTransaction break it, though OCPP allows 20 characters."""
    rejects_availability_of_connector_0: bool = False
    """ChangeAvailability is Rejected on connector 0, and works on each connector."""
    reports_only_connector_0: bool = False
    """StatusNotification comes for connector 0 only, and means the connectors."""


class QuirkProfile(Struct, frozen=True, kw_only=True):
    """One thing that some charge points get wrong."""

    id: str
    title: str
    source: str
    """How it is known."""
    wrong: str
    """What they do, and what they should do."""
    matches: tuple[Match, ...]
    """Any of these; none: of no charge point, unless an operator says so."""
    facts: Facts
    file: str
    """Where it is written down."""

    def met_by(self, identity: str, vendor: str | None, model: str | None, firmware: str | None) -> bool:
        return any(match.met_by(identity, vendor, model, firmware) for match in self.matches)


def plain(text: str) -> str:
    """A text as patterns see it."""
    return _IDLE.sub("", text.casefold())


def _fits(pattern: str, value: str | None) -> bool:
    return pattern == "*" or (value is not None and fnmatchcase(plain(value), plain(pattern)))
