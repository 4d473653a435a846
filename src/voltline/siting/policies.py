"""Simple ways to share, to compare with: obeyed at once, by charge points that never fail.

None of them sees what a car draws; whoever has a share keeps it until leaving.
"""

from __future__ import annotations

from voltline.siting.points import Point
from voltline.siting.simulation import World


class _Simple:
    """Shares out whenever a car comes or leaves."""

    def begin(self, world: World) -> None:
        """The simulation begins."""
        self._world = world
        self._changes = 0
        self._here: list[Point] = []

    def plugged(self, point: Point) -> None:
        """A car has come."""
        self._here.append(point)
        self._share()

    def unplugged(self, point: Point, transaction: int) -> None:
        """A car has left."""
        self._here.remove(point)
        self._share()

    def sample(self, point: Point) -> None:
        """It does not look at meters."""

    def changes(self) -> int:
        """How many times a connector was given another current."""
        return self._changes

    def promised(self) -> list[float]:
        """The sum of the shares."""
        sums = [0.0] * self._world.wiring.lines
        for point in self._here:
            for line in self._lines(point):
                sums[line] += point.default_a
        return sums

    def shares(self, points: list[Point], room: list[float]) -> list[float]:
        """What each of those that are there, in the order of their coming, may have."""
        raise NotImplementedError

    def _share(self) -> None:
        world = self._world
        rated = zip(world.limits, (fuse.others_a for fuse in world.site.fuses for _ in range(3)), strict=True)
        room = [max(0.0, limit - others) for limit, others in rated]
        for point, amount in zip(self._here, self.shares(self._here, room), strict=True):
            if abs(point.default_a - amount) > 1e-9:
                point.default_a = amount
                self._changes += 1
            if point.offered_a != amount:
                point.offered_a = amount
                world.look_at(point)

    def _lines(self, point: Point) -> tuple[int, ...]:
        return self._world.wiring.lines_used(point.number, point.connector.phases)


class Uncontrolled(_Simple):
    """Everybody takes what the hardware gives."""

    def shares(self, points: list[Point], room: list[float]) -> list[float]:
        """All of it."""
        return [point.connector.hardware_a for point in points]


class FirstComeFirstServed(_Simple):
    """Who comes has what is left, up to all that the hardware gives; who comes late waits."""

    def shares(self, points: list[Point], room: list[float]) -> list[float]:
        """In the order of coming."""
        found: list[float] = []
        for point in points:
            lines = self._lines(point)
            amount = min(point.connector.hardware_a, *(room[line] for line in lines))
            amount = amount if amount >= point.connector.least_a else 0.0
            for line in lines:
                room[line] -= amount
            found.append(amount)
        return found


class EqualShare(_Simple):
    """Each line is divided by the cars behind it; where that is no longer enough, who comes late waits."""

    def shares(self, points: list[Point], room: list[float]) -> list[float]:
        """The least of the shares of a connector's lines."""
        behind = [0] * len(room)
        found: list[float] = []
        charging: list[Point] = []
        for point in points:
            lines = self._lines(point)
            if all((behind[line] + 1) * point.connector.least_a <= room[line] for line in lines):
                charging.append(point)
                for line in lines:
                    behind[line] += 1
        for point in points:
            share = min(room[line] / max(1, behind[line]) for line in self._lines(point))
            found.append(min(point.connector.hardware_a, share) if point in charging else 0.0)
        return found
