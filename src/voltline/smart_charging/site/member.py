"""One connector of a site, and what is known of it."""

from __future__ import annotations

from voltline.smart_charging.site.claims import Claims
from voltline.smart_charging.site.demand import Car
from voltline.smart_charging.site.settings import Settings
from voltline.smart_charging.site.tree import Connector, Rotation, Wiring


class Member:
    """A connector. Times are seconds since 1970, currents ampere per phase."""

    __slots__ = (
        "_settings",
        "_wiring",
        "car",
        "changed_at",
        "claims",
        "connector",
        "default_at",
        "forgive_s",
        "forgotten",
        "measured_a",
        "number",
        "obeys_since",
        "online",
        "plan",
        "refused_at",
        "safe_a",
        "silent",
        "target_a",
    )

    def __init__(
        self, number: int, wiring: Wiring, safe_a: float, claims: Claims, settings: Settings
    ) -> None:
        self._wiring = wiring
        self._settings = settings
        self.number = number
        self.connector: Connector = wiring.site.connectors[number]
        self.claims = claims
        self.safe_a = safe_a
        self.car: Car | None = None
        self.plan: tuple[tuple[float, float], ...] = ()
        self.online = False
        self.silent = False
        """It was asked, and does not answer."""
        self.forgotten = False
        """It may have lost its lease."""
        self.target_a = safe_a
        """What it should have."""
        self.measured_a: tuple[float, ...] = ()
        self.changed_at = float("-inf")
        self.default_at = float("-inf")
        self.refused_at = float("-inf")
        self.obeys_since: float | None = None
        self.forgive_s = settings.forgive_s
        """For how long it has to obey before it is believed again."""

    @property
    def id(self) -> str:
        """As the site calls it."""
        return self.connector.id

    def steerable(self, now: float) -> bool:
        """Whether it can be told, and believed to do, something else."""
        return (
            self.online
            and not self.silent
            and self.car is not None
            and not self.claims.distrusted
            and self.claims.safe_a is not None
            and now - self.refused_at > self._settings.answer_s
        )

    def level(self, now: float) -> tuple[float, int]:
        """The current and phases of the lease that it accepted last and that holds; else its share and 0."""
        for one in reversed(self.claims.remembered.leases):
            if one.answered_at is not None and now < one.until:
                return one.current_a, one.phases
        return self.safe_a, 0

    def is_asked(self, now: float) -> bool:
        """Whether an answer may still come, or a refusal is fresh."""
        if now - self.refused_at <= self._settings.answer_s:
            return True
        last = self.claims.last
        return last is not None and last.number > 0 and last.answered_at is None and not self.lost(now)

    def lost(self, now: float) -> bool:
        """Whether its last lease was not answered in time."""
        last = self.claims.last
        return (
            last is not None
            and last.number > 0
            and last.answered_at is None
            and now - last.sent_at > self._settings.answer_s
        )

    def is_due(self, now: float) -> bool:
        """Whether its lease has to be sent again: soon over, perhaps forgotten, or never answered."""
        last = self.claims.last
        if last is None or last.number == 0:
            return False
        if last.current_a <= self.safe_a <= self.target_a and last.kept:
            return False  # It lapses to no less, and to no more than it should have.
        if last.answered_at is None or self.forgotten:
            return True
        return last.until - now <= self._settings.lease_s / 2

    def add(self, sums: list[float], currents_a: list[float], sign: int) -> None:
        """Count currents of its phases on the lines through which they flow."""
        if self.connector.rotation is Rotation.UNKNOWN:
            most = sign * max(currents_a)
            for line in self._wiring.phase_lines(self.number)[0]:
                sums[line] += most
            return
        for current, lines in zip(currents_a, self._wiring.phase_lines(self.number), strict=True):
            if current:
                for line in lines:
                    sums[line] += sign * current

    def rise(self, car: Car, room: list[float], now: float) -> float:
        """How far it can be raised: its target, or less where `room`, by lines, does not have that."""
        has = self.claims.possible(now)
        unknown = self.connector.rotation is Rotation.UNKNOWN
        amount = self.target_a
        for phase, lines in enumerate(self._wiring.phase_lines(self.number)[: car.phases]):
            counted = max(has) if unknown else has[phase]
            for line in lines:
                amount = min(amount, counted + max(0.0, room[line]))
        return amount
