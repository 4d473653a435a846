"""Charging profiles: what use cases need from storage, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from voltline.central.domain.charging_profiles import (
    ChargingLimit,
    InstalledProfile,
    ProfileEnd,
    ProfileFilter,
    ProfileSource,
    Verdict,
)
from voltline.central.domain.stations import StationKey
from voltline.messages import ChargingProfile

INSTALLED = ProfileFilter()


class ChargingProfiles(Protocol):
    """By charge point. What has ended stays as history."""

    def installed(self, station: StationKey) -> Sequence[InstalledProfile]:
        """In the order of their installation."""
        ...

    def add(
        self,
        station: StationKey,
        connector_id: int,
        profile: ChargingProfile,
        source: ProfileSource,
        at: datetime,
    ) -> int:
        """A profile that was accepted; its id here."""
        ...

    def end(self, ids: Sequence[int], by: ProfileEnd, at: datetime) -> None: ...

    def of_transactions(self, station: StationKey) -> Sequence[InstalledProfile]:
        """The TxProfiles among those that are installed."""
        ...

    def change(self, id: int, connector_id: int, profile: ChargingProfile) -> None:
        """It is renewed; or what was for a transaction to come is for the one whose id it has now."""
        ...

    def verified(self, station: StationKey, connector_id: int, verdict: Verdict, at: datetime) -> None:
        """What the charge point's own schedule of a connector said; 0: of its ChargePointMaxProfiles."""
        ...

    def next_profile_id(self, station: StationKey) -> int:
        """A chargingProfileId that this charge point was never given."""
        ...

    def limit(self, station: StationKey, connector_id: int) -> ChargingLimit | None:
        """Also one that was lifted: it tells what worked."""
        ...

    def put_limit(self, limit: ChargingLimit) -> None: ...


class ChargingProfileQueries(Protocol):
    """The reading side; see `Queries`."""

    def charging_profiles(
        self,
        station: StationKey,
        *,
        only: ProfileFilter = INSTALLED,
        before: int | None = None,
        limit: int = 100,
    ) -> tuple[InstalledProfile, ...]:
        """Newest first; `before` is the id at which the last page ended."""
        ...

    def charging_profile(self, station: StationKey, id: int) -> InstalledProfile | None: ...

    def charging_limits(self, station: StationKey) -> tuple[ChargingLimit, ...]:
        """By connector."""
        ...
