"""What the runner needs of the hardware, real or simulated."""

from collections.abc import Sequence
from typing import Protocol

from voltline.station.core.happenings import Happening
from voltline.station.core.intents import Energize, Lock, Offer
from voltline.station.core.moment import Moment


class Companion(Protocol):
    """Somebody with a timetable who acts on the station, and shares its timer."""

    def next_deadline(self) -> float | None:
        """When to be woken next, in seconds of the monotonic clock; None for never."""
        ...

    def wake(self, now: Moment) -> None:
        """Do what is due."""
        ...


class Device(Protocol):
    """Contactors and locks that obey, and whatever happens at the connectors by itself."""

    def perform(self, intent: Energize | Lock | Offer, now: Moment) -> None:
        """Move a contactor or a lock, or tell the vehicle what it may draw."""
        ...

    def next_event(self) -> float | None:
        """When to ask for `events` next, in seconds of the monotonic clock; None if nothing is expected."""
        ...

    def events(self, now: Moment) -> Sequence[Happening]:
        """What has happened since the last time."""
        ...
