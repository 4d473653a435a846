"""Sites in the REST API: as they are described, and as they stand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from voltline.central.api.shapes import NextCursor
from voltline.central.domain.mqtt_meters import MeterUnit, Positive
from voltline.central.domain.site_readings import Measures
from voltline.central.domain.sites import FusePoint, KeptSite, SiteDefinition, SitePoint
from voltline.central.services.ports.sites import MemberState, SiteState
from voltline.smart_charging.site.tree import Rotation

MOST_FUSES = 500
MOST_CONNECTORS = 5_000

Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")]
Ampere = Annotated[float, Meta(ge=0, le=100_000)]
FuseName = Annotated[str, Meta(min_length=1, max_length=64, description="As this site calls it.")]
Identity = Annotated[str, Meta(min_length=1, max_length=255, description="The charge point's identity.")]
Number = Annotated[int, Meta(ge=1, le=2**31 - 1, description="From 1.")]


class SiteWindow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From this second of the local day on, a fuse has so much to give, until the next window."""

    from_s: Annotated[int, Meta(ge=0, lt=86_400, description="Seconds since midnight.")]
    current_a: Ampere


class SiteFuse(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fuse, breaker or contracted limit; the same for each of its three phases."""

    name: FuseName
    rating_a: Annotated[float, Meta(gt=0, le=100_000, description="Ampere per phase.")]
    above: Annotated[
        str, Meta(max_length=64, description="The fuse that feeds it; empty for the grid connection.")
    ] = ""
    others_a: Annotated[
        float,
        Meta(
            ge=0,
            le=100_000,
            description="The most that anything but the connectors may draw behind it, per phase. Counts as "
            "long as no reading of a meter is fresh.",
        ),
    ] = 0.0
    margin_a: Annotated[
        float, Meta(ge=0, le=100_000, description="Kept free on top of what a meter reads.")
    ] = 0.0
    windows: Annotated[
        list[SiteWindow],
        Meta(max_length=200, description="A schedule of every day, for less than the rating."),
    ] = []


class SiteMember(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connector of a charge point, as it is wired."""

    charge_point: Identity
    connector: Number
    fuse: FuseName
    hardware_a: Annotated[
        float, Meta(gt=0, le=100_000, description="More than this it cannot give, whatever it is told.")
    ] = 32.0
    phases: Annotated[int, Meta(ge=1, le=3)] = 3
    rotation: Annotated[
        Rotation | None,
        Meta(
            description="Which phase of the grid each of its phases is on; R, S, T are L1, L2, L3. null: as "
            "the charge point says (ConnectorPhaseRotation), and until it does, it counts on all three."
        ),
    ] = None
    least_a: Annotated[
        float, Meta(ge=0, le=100_000, description="Less is a pause; 0 for direct current.")
    ] = 6.0
    priority: Annotated[int, Meta(ge=-1000, le=1000, description="Those with more come first.")] = 0
    safe_a: Annotated[
        Ampere | None,
        Meta(description="What it may draw when nobody tells it anything. null: the site decides."),
    ] = None
    trusted: Annotated[bool, Meta(description="false: it counts with all its hardware can give, always.")] = (
        True
    )
    metered: Annotated[
        bool, Meta(description="Whether it sends its currents. If not, its answers are believed.")
    ] = True
    keeps_clock: Annotated[
        bool,
        Meta(description="Whether its clock survives a reboot. If not, no lease lapses while it is away."),
    ] = True
    limits_phases: Annotated[bool, Meta(description="Whether it heeds numberPhases.")] = False
    solar_only: Annotated[
        bool, Meta(description="Whether its cars charge with what the sun leaves over, and nothing else.")
    ] = False


class SiteMeter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A charge point whose meter values tell what flows through a fuse, on L1, L2 and L3."""

    fuse: FuseName
    charge_point: Identity
    connector: Annotated[
        int, Meta(ge=0, le=2**31 - 1, description="The connector in its MeterValues; 0: its main meter.")
    ] = 0
    measures: Annotated[
        Measures, Meta(description="total: with the connectors of the site. others: without them.")
    ] = Measures.TOTAL


Path = Annotated[
    str,
    Meta(
        min_length=1, max_length=256, examples=["$.em.currents[0]"], description="In JSON, from its root $."
    ),
]


class SiteMqttReading(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a meter publishes to a topic, and how it is read."""

    topic: Annotated[str, Meta(min_length=1, max_length=1024, description="One topic, without + and #.")]
    fuse: Annotated[
        FuseName | None, Meta(description="Behind which it is measured; null: it is the sun's surplus.")
    ] = None
    paths: Annotated[
        list[Path],
        Meta(
            max_length=3,
            description="Where the numbers stand: three for L1, L2 and L3, or one; none: the payload is the "
            "number.",
        ),
    ] = []
    phase: Annotated[
        Annotated[int, Meta(ge=1, le=3)] | None,
        Meta(description="The phase of which it tells; null: of all three, or of all together."),
    ] = None
    unit: MeterUnit = MeterUnit.A
    positive: Annotated[Positive, Meta(description="What a number above 0 means.")] = Positive.IMPORT
    measures: Annotated[
        Measures, Meta(description="total: with the connectors of the site. others: without them.")
    ] = Measures.TOTAL
    time_path: Annotated[
        Path | None,
        Meta(
            description="Where the time of the reading stands, as in ISO 8601 or in seconds or milliseconds "
            "since 1970; null: when it comes, and retained messages are left out."
        ),
    ] = None


class SiteMqtt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A broker of which meters are read."""

    host: Annotated[str, Meta(min_length=1, max_length=253, examples=["127.0.0.1"])]
    readings: Annotated[list[SiteMqttReading], Meta(min_length=1, max_length=MOST_FUSES)]
    port: Annotated[
        Annotated[int, Meta(ge=1, le=65_535)] | None, Meta(description="null: 8883 with TLS, else 1883.")
    ] = None
    tls: bool = False
    ca: Annotated[
        Annotated[str, Meta(max_length=100_000)] | None,
        Meta(description="Certificates by which the broker's is checked, PEM; null: those of the system."),
    ] = None
    user: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    password: Annotated[
        Annotated[str, Meta(min_length=1, max_length=1024)] | None,
        Meta(description="Never shown. null: the one given before, while user and broker stay the same."),
    ] = None
    stale_s: Annotated[
        Annotated[float, Meta(ge=1, le=86_400)] | None,
        Meta(description="For how long a reading counts, in seconds; null: `sites.fresh_s`."),
    ] = None


class NewSite(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A grid connection and all that hangs on it."""

    name: Annotated[Name, Meta(description="Unique, in any case.", examples=["Depot 7"])]
    fuses: Annotated[
        list[SiteFuse],
        Meta(
            min_length=1,
            max_length=MOST_FUSES,
            description="A tree; exactly one, the grid connection, has none above it.",
            examples=[[{"name": "grid", "rating_a": 63}]],
        ),
    ]
    connectors: Annotated[list[SiteMember], Meta(max_length=MOST_CONNECTORS, examples=[[]])] = []
    meters: Annotated[list[SiteMeter], Meta(max_length=MOST_FUSES, examples=[[]])] = []
    mqtt: Annotated[SiteMqtt | None, Meta(description="Meters that publish by MQTT.", examples=[None])] = None
    zone: Annotated[
        str, Meta(max_length=64, description="The time zone of windows.", examples=["Europe/Berlin"])
    ] = "UTC"
    safe_part: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="Up to this part of what is certain is given away as fail-safe shares, which are "
            "kept free day and night.",
        ),
    ] = 0.25
    imbalance_a: Annotated[
        Annotated[float, Meta(gt=0, le=100_000)] | None,
        Meta(description="How much more one phase of the grid connection may be promised than another."),
    ] = None

    def definition(self) -> SiteDefinition:
        """The same as the site's own kind."""
        return msgspec.convert(msgspec.to_builtins(self), SiteDefinition)


class SiteView(NewSite, frozen=True, kw_only=True):
    """A site as it is described."""

    created_at: datetime
    changed_at: datetime


class SitePage(Struct, frozen=True, kw_only=True):
    """All sites."""

    items: list[SiteView]
    next_cursor: NextCursor = None


class FuseState(Struct, frozen=True, kw_only=True):
    """A fuse at a moment; lists are of L1, L2 and L3, in ampere."""

    fuse: str
    rating_a: float
    capacity_a: Annotated[
        list[float], Meta(description="What connectors may draw: rating or schedule, less others.")
    ]
    allocated_a: Annotated[list[float], Meta(description="What connectors should have.")]
    possible_a: Annotated[
        list[float], Meta(description="The most that they may draw by all that they were ever told.")
    ]
    measured_a: Annotated[list[float], Meta(description="What they say that they draw.")]


class SiteMoment(Struct, frozen=True, kw_only=True):
    """A site at a moment."""

    at: datetime
    fuses: list[FuseState]


class SiteHistory(Struct, frozen=True, kw_only=True):
    """A site over time, oldest first."""

    items: list[SiteMoment]


class SiteConnectorState(Struct, frozen=True, kw_only=True):
    """A connector of a site as it stands. Currents are per phase."""

    charge_point: str
    connector: int
    online: Annotated[bool, Meta(description="Whether it can be worked with now.")]
    transaction_id: Annotated[int | None, Meta(description="The transaction that runs.")]
    target_a: Annotated[float, Meta(description="What it should have.")]
    possible_a: Annotated[list[float], Meta(description="The most that it may draw, on each phase.")]
    measured_a: Annotated[list[float], Meta(description="What it said that it draws, on each phase.")]
    measured_at: datetime | None
    safe_a: Annotated[float, Meta(description="Its fail-safe share.")]
    distrusted: Annotated[bool, Meta(description="Whether it counts with all its hardware can give.")]
    idle: Annotated[bool, Meta(description="Whether its car takes nothing of what it could have.")]
    unit: Annotated[str | None, Meta(description="In which it takes limits; null: not known yet.")]
    purpose: Annotated[str | None, Meta(description="The purpose of the profiles in which it takes them.")]


class SiteTrouble(Struct, frozen=True, kw_only=True):
    """Something that somebody should look at."""

    trouble: str
    subject: str
    text: str
    at: datetime


class SiteTopicState(Struct, frozen=True, kw_only=True):
    """What came of a topic that is read."""

    topic: str
    fuse: Annotated[str | None, Meta(description="null: it is the sun's surplus.")]
    phase: int | None
    read: Annotated[int, Meta(description="Messages that told something, since the site is steered.")]
    unreadable: Annotated[int, Meta(description="Messages that are not as they were described.")]
    retained: Annotated[
        int,
        Meta(description="Retained messages without a time: left out, for nobody knows how old they are."),
    ]
    read_at: datetime | None
    fresh: Annotated[bool, Meta(description="Whether the last reading still counts.")]
    fault: Annotated[str | None, Meta(description="Why the last message could not be read.")]


class SiteMqttState(Struct, frozen=True, kw_only=True):
    """A broker of which meters are read, as it stands."""

    address: str
    connected: bool
    since: Annotated[datetime, Meta(description="Since when it is connected, or not.")]
    fault: Annotated[str | None, Meta(description="Why it is not, or which topics it refuses.")]
    topics: list[SiteTopicState]


class SiteStateView(Struct, frozen=True, kw_only=True):
    """A site as it stands."""

    at: datetime
    fuses: list[FuseState]
    connectors: list[SiteConnectorState]
    troubles: Annotated[list[SiteTrouble], Meta(description="What was found last, newest first.")]
    mqtt: Annotated[SiteMqttState | None, Meta(description="null: it reads no meters by MQTT.")]


class MeterReading(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a meter of a building reads."""

    fuse: Annotated[str | None, Meta(description="Behind which it is; with currents_a.")] = None
    currents_a: Annotated[
        Annotated[list[Annotated[float, Meta(ge=-100_000, le=100_000)]], Meta(min_length=3, max_length=3)]
        | None,
        Meta(description="On L1, L2 and L3; below 0 where it feeds in."),
    ] = None
    measures: Annotated[
        Measures, Meta(description="total: with the connectors of the site. others: without them.")
    ] = Measures.TOTAL
    surplus_w: Annotated[
        Annotated[float, Meta(ge=-1e9, le=1e9)] | None,
        Meta(description="What the sun gives beyond what others than the connectors draw."),
    ] = None
    at: Annotated[datetime | None, Meta(description="When it was read; null: now.")] = None


class MeterTaken(Struct, frozen=True, kw_only=True):
    """The fuse with this reading taken in."""

    fuses: list[FuseState]


class CarNeed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the driver of the car that charges says."""

    energy_wh: Annotated[
        Annotated[float, Meta(ge=0, le=1e9)] | None, Meta(description="Still wanted from now on.")
    ] = None
    departure: Annotated[datetime | None, Meta(description="When it leaves.")] = None
    solar_only: Annotated[
        bool, Meta(description="Whether it charges with what the sun leaves over, and nothing else.")
    ] = False


def site_view(kept: KeptSite) -> SiteView:
    """A site as the API tells it."""
    told = msgspec.to_builtins(kept.definition)
    if told["mqtt"] is not None:
        told["mqtt"]["password"] = None
    return SiteView(
        **msgspec.structs.asdict(msgspec.convert(told, NewSite)),
        created_at=kept.created_at,
        changed_at=kept.changed_at,
    )


def fuse_states(points: Iterable[FusePoint]) -> list[FuseState]:
    """Fuses as the API tells them."""
    return [msgspec.convert(msgspec.to_builtins(one), FuseState) for one in points]


def moment_view(point: SitePoint) -> SiteMoment:
    """An entry of the history as the API tells it."""
    return SiteMoment(at=point.at, fuses=fuse_states(point.fuses))


def state_view(definition: SiteDefinition, state: SiteState) -> SiteStateView:
    """A site as it stands, as the API tells it."""
    members = {one.id: one for one in definition.connectors}
    return SiteStateView(
        at=state.now.at,
        fuses=fuse_states(state.now.fuses),
        connectors=[
            _connector_state(member.charge_point, member.connector, one)
            for one in state.connectors
            if (member := members.get(one.view.id)) is not None
        ],
        troubles=[
            SiteTrouble(trouble=trouble, subject=subject, text=text, at=at)
            for trouble, subject, text, at in state.troubles
        ],
        mqtt=None if state.mqtt is None else msgspec.convert(state.mqtt, SiteMqttState, from_attributes=True),
    )


def _connector_state(identity: str, connector: int, one: MemberState) -> SiteConnectorState:
    view = one.view
    return SiteConnectorState(
        charge_point=identity,
        connector=connector,
        online=view.online,
        transaction_id=view.transaction,
        target_a=round(view.target_a, 2),
        possible_a=[round(current, 2) for current in view.possible_a],
        measured_a=[round(current, 2) for current in view.measured_a],
        measured_at=one.measured_at,
        safe_a=view.safe_a,
        distrusted=view.distrusted,
        idle=view.idle,
        unit=one.unit,
        purpose=one.purpose,
    )
