"""What a site is told, and what it wants done. Times are seconds since 1970, currents ampere per phase."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver said."""

    energy_wh: float | None = None
    """Still wanted when this is told."""
    departure: float | None = None
    solar_only: bool = False
    """Charges with what the sun gives beyond the needs of others, and with nothing else."""


class Online(msgspec.Struct, frozen=True, tag=True):
    """The charge point of a connector can be reached."""

    connector: str


class Offline(msgspec.Struct, frozen=True, tag=True):
    """It cannot be reached any more."""

    connector: str


class Booted(msgspec.Struct, frozen=True, tag=True):
    """It has started anew, and may have forgotten profiles of transactions."""

    connector: str


class Began(msgspec.Struct, frozen=True, tag=True):
    """A transaction runs. Told again, it changes nothing but the need."""

    connector: str
    transaction: int
    need: Need | None = None


class Ended(msgspec.Struct, frozen=True, tag=True):
    """A transaction has ended, and with it what was allowed to it."""

    connector: str
    transaction: int


class NeedTold(msgspec.Struct, frozen=True, tag=True):
    """A driver says, or changes, what the car of the running transaction needs."""

    connector: str
    need: Need


class Measured(msgspec.Struct, frozen=True, tag=True):
    """The currents of a connector, on its own phases in their order."""

    connector: str
    currents_a: tuple[float, ...]
    at: float
    """When it was measured, by a clock that agrees with that of the controller."""


class Excused(msgspec.Struct, frozen=True, tag=True):
    """Why a connector drew more than it was allowed is known, and has an end: it is believed again soon."""

    connector: str


class LeaseAnswered(msgspec.Struct, frozen=True, tag=True):
    """A charge point has answered a lease; not told where no answer came."""

    number: int
    accepted: bool


class SafeAnswered(msgspec.Struct, frozen=True, tag=True):
    """A charge point has answered the fail-safe default."""

    number: int
    accepted: bool


class OthersMeasured(msgspec.Struct, frozen=True, tag=True):
    """What others than the connectors draw behind a fuse, on L1, L2 and L3; below 0 they feed in."""

    fuse: str
    currents_a: tuple[float, float, float]
    at: float
    fresh_s: float | None = None
    """For how long it counts; None: as long as the site says."""


class SurplusMeasured(msgspec.Struct, frozen=True, tag=True):
    """What the sun gives beyond what others than the connectors draw, over all phases."""

    power_w: float
    at: float


class Planned(msgspec.Struct, frozen=True, tag=True):
    """What a plan of the day lets a connector have from the instants on: (instant, most), in order.

    A car that would be late by it is charged all the same. An empty one takes the plan away.
    """

    connector: str
    steps: tuple[tuple[float, float], ...]


Fact = (
    Online
    | Offline
    | Booted
    | Began
    | Ended
    | NeedTold
    | Measured
    | Excused
    | LeaseAnswered
    | SafeAnswered
    | OthersMeasured
    | SurplusMeasured
    | Planned
)


class Lease(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Send it: a limit for one transaction, on top of the fail-safe default, with validTo `until`."""

    number: int
    """Told again in the answer. A number is never used twice."""
    connector: str
    transaction: int
    current_a: float
    phases: int
    until: float


class SafeDefault(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Install it: a TxDefaultProfile without an end, of the lowest stack level."""

    number: int
    connector: str
    current_a: float


class Rotation(msgspec.Struct, frozen=True, tag=True):
    """Somebody's turn: pauses, or charges again."""

    connector: str
    pauses: bool


class Trouble(StrEnum):
    """What somebody should look at."""

    DISOBEYS = "disobeys"
    """It draws more than it was allowed to, and counts with all that its hardware can give."""
    OBEYS_AGAIN = "obeys-again"
    SAFE_DEFAULT_REFUSED = "safe-default-refused"
    LEASE_REFUSED = "lease-refused"
    SILENT = "silent"
    """It is connected, but does not answer."""
    OVER_CAPACITY = "over-capacity"
    """More may be drawn through a line than it has; what can be lowered is being lowered."""
    WITHIN_CAPACITY = "within-capacity"
    METER_SILENT = "meter-silent"
    """A building's meter tells nothing; the most that others may draw is assumed."""


class Finding(msgspec.Struct, frozen=True, tag=True):
    """Something to be told to people; once, when it begins."""

    trouble: Trouble
    subject: str
    """A connector, a fuse, or a line such as `hall B, L2`."""
    text: str


Act = Lease | SafeDefault | Rotation | Finding
