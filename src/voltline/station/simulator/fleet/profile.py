"""What a place is like: its stations, when cars come and how long they stay, and what goes wrong there."""

from __future__ import annotations

import msgspec

from voltline.messages import ChargePointErrorCode
from voltline.station.simulator.options import SAMPLED, StationOptions

HOURS = 24
HOUR_S = 3600.0
DAY_S = HOURS * HOUR_S


class Make(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of station, and how many of the fleet are of it, as a share of the sum of all shares."""

    share: float
    options: StationOptions


class Arrivals(msgspec.Struct, frozen=True, kw_only=True):
    """How many cars come to a connector on a day, and at what hours."""

    cars_a_day: float
    by_hour: tuple[float, ...] = (1.0,) * HOURS
    """The weight of each hour of the day; only their proportions count."""


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """How long a car is plugged in; drawn around `hours`, within `spread` of it (0 to 1) either way."""

    hours: float
    spread: float = 0.5


class Tags(msgspec.Struct, frozen=True, kw_only=True):
    """The id tags of those who come: `prefix` and a number."""

    count: int = 500
    prefix: str = "FLEET"
    unknown_share: float = 0.0
    """The part of visits with a tag of no pool: prefix `X`."""


class Ends(msgspec.Struct, frozen=True, kw_only=True):
    """How visits end, as weights."""

    tag: float = 0.75
    """The driver presents the tag again."""
    unplug: float = 0.2
    """The driver pulls the cable out of the car."""
    button: float = 0.05
    """The driver presses the station's stop button."""


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """What breaks while cars charge."""

    a_thousand_visits: float = 0.0
    last_s: float = 600.0
    codes: tuple[ChargePointErrorCode, ...] = (ChargePointErrorCode.GROUND_FAILURE,)


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """How often a station loses its network, and for how long."""

    losses_a_day: float = 0.0
    last_s: float = 300.0


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A place. Everything in it happens by the clock of the stations, which `--speed` makes faster."""

    name: str
    about: str = ""
    makes: tuple[Make, ...]
    arrivals: Arrivals
    stay: Stay
    tags: Tags = Tags()
    ends: Ends = Ends()
    faults: Faults = Faults()
    network: Network = Network()
    meter_interval_s: int = 60
    """Between two MeterValues of a transaction; 0 sends none."""
    measurands: str = SAMPLED
    """What these tell, as in MeterValuesSampledData."""
    configuration: tuple[tuple[str, str], ...] = ()
    """Further configuration keys."""

    def options_of(self, number: int, *, speed: float, seed: int) -> StationOptions:
        """The make of station `number` (from 0) of a fleet. Makes take turns by their shares."""
        total = sum(make.share for make in self.makes)
        # The golden ratio spreads them evenly, however many there are.
        point = (number * 0.618033988749895) % 1.0 * total
        chosen = self.makes[-1]
        for make in self.makes:
            point -= make.share
            if point < 0:
                chosen = make
                break
        return msgspec.structs.replace(
            chosen.options,
            configuration=(
                ("MeterValueSampleInterval", str(self.meter_interval_s)),
                ("MeterValuesSampledData", self.measurands),
                *self.configuration,
            ),
            speed=speed,
            seed=seed,
            log_entries=0,
        )
