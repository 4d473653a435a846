"""Cars that come and go by themselves: arrive, plug in, present a tag, charge, stop, leave, and again."""

from collections.abc import Sequence
from enum import Enum, auto
from random import Random

import msgspec

from voltline.station.simulator.actions import Action, PlugIn, Present, PressStop, Unplug
from voltline.station.simulator.view import ConnectorView


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """How visits go. Times in seconds; what is drawn lies between half and one and a half times these."""

    first_pause_s: float = 2.0
    """Until the first car comes."""
    pause_s: float = 60.0
    """Between two cars at one connector."""
    stay_s: float = 600.0
    """From plugging in to wanting to leave; a full car leaves earlier."""
    fumble_s: float = 2.0
    """Between plugging in and presenting the tag, and the like."""
    patience_s: float = 20.0
    """How long a driver waits for a charge to begin before giving up."""


class _Step(Enum):
    ABSENT = auto()
    PLUGGED = auto()
    PRESENTED = auto()
    CHARGING = auto()
    LEAVING = auto()


class _Visit:
    __slots__ = ("at", "chance", "id_tag", "leaves_at", "step")

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        """Of its own, so that no connector's drivers depend on what happens at another."""
        self.step = _Step.ABSENT
        self.at = 0.0
        self.leaves_at = 0.0
        self.id_tag = ""


class Visits:
    """The drivers of one station, one at a time at each connector, with tags of `id_tags`."""

    def __init__(
        self, connectors: int, id_tags: Sequence[str], rhythm: Rhythm, chance: Random, now: float
    ) -> None:
        """Times are seconds of the monotonic clock."""
        if not id_tags:
            raise ValueError("visits need at least one id tag")
        self._rhythm = rhythm
        self._id_tags = list(id_tags)
        self._visits = [_Visit(Random(chance.random())) for _ in range(connectors)]
        for number, visit in enumerate(self._visits, start=1):
            visit.at = now + _about(visit, rhythm.first_pause_s) * number

    def next_deadline(self) -> float:
        """When somebody does something next."""
        return min(visit.at for visit in self._visits)

    def act(self, views: Sequence[ConnectorView], now: float) -> list[Action]:
        """What the drivers do now, in view of what their connectors show."""
        actions: list[Action] = []
        for visit, view in zip(self._visits, views, strict=True):
            if visit.at <= now:
                actions += self._next(visit, view, now)
        return actions

    def _next(self, visit: _Visit, view: ConnectorView, now: float) -> list[Action]:
        rhythm = self._rhythm
        visit.at = now + _about(visit, rhythm.fumble_s)
        match visit.step:
            case _Step.ABSENT if view.plugged or view.status != "Available":
                visit.at = now + _about(visit, rhythm.pause_s)
                return []
            case _Step.ABSENT:
                visit.step = _Step.PLUGGED
                visit.id_tag = self._free_tag(visit)
                visit.leaves_at = now + _about(visit, rhythm.stay_s)
                return [PlugIn(view.connector_id)]
            case _Step.PLUGGED:
                visit.step = _Step.PRESENTED
                visit.at = now + rhythm.patience_s
                return [Present(visit.id_tag, view.connector_id)]
            case _Step.PRESENTED if view.id_tag is not None:
                visit.step = _Step.CHARGING
                return self._stay(visit, view, now)
            case _Step.CHARGING if view.id_tag is not None:
                return self._stay(visit, view, now)
            case _Step.LEAVING if view.id_tag is not None:
                # The tag did not end it: the network may be slow, or the station restarting.
                return [PressStop(view.connector_id)]
        visit.step = _Step.ABSENT
        visit.at = now + _about(visit, rhythm.pause_s)
        if not view.plugged:
            return []
        # A cable that was kept back is released by the tag it is kept for.
        release = [Present(visit.id_tag, view.connector_id)] if view.locked else []
        return [*release, Unplug(view.connector_id)]

    def _stay(self, visit: _Visit, view: ConnectorView, now: float) -> list[Action]:
        if now < visit.leaves_at and view.wants_energy:
            visit.at = min(visit.leaves_at, now + self._rhythm.patience_s)
            return []
        visit.step = _Step.LEAVING
        return [Present(visit.id_tag, view.connector_id)]

    def _free_tag(self, visitor: _Visit) -> str:
        in_use = {visit.id_tag for visit in self._visits if visit.step is not _Step.ABSENT}
        free = [tag for tag in self._id_tags if tag not in in_use]
        return visitor.chance.choice(free or self._id_tags)


def _about(visit: _Visit, seconds: float) -> float:
    return seconds * visit.chance.uniform(0.5, 1.5)
