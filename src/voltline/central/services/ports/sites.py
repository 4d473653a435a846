"""Sites: what use cases need from storage, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from voltline.central.domain.site_plans import PriceCurve, SitePlan
from voltline.central.domain.site_readings import Measures
from voltline.central.domain.sites import KeptSite, SiteDefinition, SitePoint
from voltline.smart_charging.site.controller import ConnectorView
from voltline.smart_charging.site.facts import Need


class Sites(Protocol):
    """By name, in any case, or by id."""

    def all(self) -> Sequence[KeptSite]:
        """By name."""
        ...

    def find(self, name: str) -> KeptSite | None: ...

    def add(self, definition: SiteDefinition, at: datetime) -> KeptSite: ...

    def change(self, site: int, definition: SiteDefinition, at: datetime) -> None: ...

    def remember(self, site: int, memory: str) -> None:
        """Its `SiteMemory` as JSON."""
        ...

    def remove(self, site: int) -> None:
        """With its history."""
        ...

    def sample(self, site: int, point: SitePoint) -> None:
        """Add to the history; nothing for a site that is gone."""
        ...

    def discard(self, *, before: datetime, at_most: int) -> int:
        """Remove history that is older, so many rows at most; how many it were."""
        ...


class SiteQueries(Protocol):
    """The reading side; see `Queries`."""

    def sites(self) -> tuple[KeptSite, ...]:
        """By name."""
        ...

    def site(self, name: str) -> KeptSite | None:
        """In any case."""
        ...

    def site_history(
        self, site: int, *, since: datetime | None = None, until: datetime | None = None, limit: int = 10_000
    ) -> tuple[SitePoint, ...]:
        """The newest so many, oldest first."""
        ...


class MemberState(Struct, frozen=True, kw_only=True):
    """A connector of a site as it stands."""

    view: ConnectorView
    unit: str | None
    """In which it is told its limits; None: not known yet."""
    purpose: str | None
    measured_at: datetime | None


class TopicState(Struct, frozen=True, kw_only=True):
    """What came of a topic that a site reads."""

    topic: str
    fuse: str | None
    """None: it is the sun's surplus."""
    phase: int | None
    read: int
    """Messages that told something."""
    unreadable: int
    retained: int
    """Messages that were left out, for nobody knows how old they are."""
    read_at: datetime | None
    fresh: bool
    """Whether the last reading still counts."""
    fault: str | None
    """Why the last message could not be read."""


class BrokerState(Struct, frozen=True, kw_only=True):
    """A broker of which a site reads meters."""

    address: str
    connected: bool
    since: datetime
    fault: str | None
    topics: tuple[TopicState, ...]


class SiteState(Struct, frozen=True, kw_only=True):
    """A site as it stands."""

    now: SitePoint
    connectors: tuple[MemberState, ...]
    troubles: tuple[tuple[str, str, str, datetime], ...]
    """What was found last: kind, subject, text and when; newest first."""
    mqtt: BrokerState | None = None
    """None: it reads no meters by MQTT."""


class SiteBoard(Protocol):
    """Who steers the sites (`siting.Siting`). For the event loop's thread."""

    def follow(self, kept: KeptSite) -> None:
        """A site was added or changed: steer it like this from now on."""
        ...

    def forget(self, name: str) -> None:
        """A site was removed: steer it no more. Leases lapse; the fail-safe defaults are cleared."""
        ...

    def state(self, name: str) -> SiteState | None:
        """None: no such site is steered."""
        ...

    def read_meter(
        self, name: str, fuse: str, currents_a: tuple[float, float, float], measures: Measures, at: datetime
    ) -> None:
        """A meter tells what flows through a fuse. Raises KeyError for a fuse that the site lacks."""
        ...

    def read_surplus(self, name: str, power_w: float, at: datetime) -> None:
        """What the sun gives beyond what others than the connectors draw."""
        ...

    def follow_prices(self, name: str, prices: PriceCurve | None) -> None:
        """Plan the hours ahead by these prices; None: no more. Raises KeyError for a site not steered."""
        ...

    def plan(self, name: str) -> SitePlan | None:
        """Of the hours ahead; None: there is none. Raises KeyError for a site that is not steered."""
        ...

    def can_plan(self) -> bool:
        """Whether the solver is installed."""
        ...

    def say_need(self, name: str, connector: str, need: Need) -> bool:
        """What the car at a connector needs; False: no transaction runs there.

        Raises KeyError for a connector that the site lacks.
        """
        ...
