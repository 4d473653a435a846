"""Configuration of charge points: what use cases need from storage, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from voltline.central.domain.configuration import (
    Change,
    ConfigurationFacts,
    DesiredKey,
    KnownKey,
    PastChange,
)
from voltline.central.domain.stations import StationKey


class Configurations(Protocol):
    """By charge point; keys by their folded names."""

    def known(self, station: StationKey) -> Mapping[str, KnownKey]: ...

    def keep(
        self,
        station: StationKey,
        seen: Sequence[KnownKey],
        changed: Sequence[KnownKey],
        gone: Sequence[str],
        at: datetime,
    ) -> None:
        """All of `seen` were told at `at`; `changed` are those among them to be written anew."""
        ...

    def remember(self, station: StationKey, changes: Sequence[Change], at: datetime) -> None:
        """Add to the history."""
        ...

    def desired(self, station: StationKey) -> Mapping[str, DesiredKey]: ...

    def put_desired(self, station: StationKey, keys: Sequence[DesiredKey]) -> None:
        """Add these, or put them in the place of those of the same names."""
        ...

    def drop_desired(self, station: StationKey, keys: Sequence[str]) -> None:
        """`keys` are folded names."""
        ...

    def facts(self, station: StationKey) -> ConfigurationFacts: ...

    def put_facts(self, station: StationKey, facts: ConfigurationFacts) -> None: ...

    def is_charging(self, station: StationKey) -> bool:
        """Whether a transaction of this charge point runs."""
        ...

    def idle_reboots(self, limit: int) -> Sequence[str]:
        """Identities of charge points to be rebooted for a value, on which no transaction runs."""
        ...


class ConfigurationQueries(Protocol):
    """The reading side; see `Queries`."""

    def configuration(self, station: StationKey) -> tuple[KnownKey, ...]:
        """By name."""
        ...

    def desired_configuration(self, station: StationKey) -> tuple[DesiredKey, ...]:
        """By name."""
        ...

    def configuration_facts(self, station: StationKey) -> ConfigurationFacts: ...

    def configuration_history(
        self, station: StationKey, *, before: int | None = None, limit: int = 100
    ) -> tuple[PastChange, ...]:
        """Newest first; `before` is the id at which the last page ended."""
        ...
