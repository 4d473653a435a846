"""What charge points and meters of buildings tell of currents, as facts for a site's controller."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from voltline.central.domain.site_readings import ClockCheck, Flow, Lows, currents_of, flow_of
from voltline.central.domain.sites import Member
from voltline.central.siting.world import SiteTime
from voltline.messages import MeterValues
from voltline.smart_charging.site import facts
from voltline.smart_charging.site.facts import Fact
from voltline.smart_charging.site.settings import Settings
from voltline.smart_charging.site.tree import GRID_PHASES, LINE_VOLTAGE_V, Rotation, Wiring


class Metering:
    """All methods are for the event loop's thread."""

    def __init__(self, time: SiteTime, settings: Settings, tell: Callable[[Fact], None]) -> None:
        self._time = time
        self._settings = settings
        self._tell = tell
        self._others: dict[str, facts.OthersMeasured] = {}
        self._lows: dict[str, Lows] = {}
        self._clocks: dict[str, ClockCheck] = {}
        self._surplus_at = float("-inf")
        self.measured: dict[str, facts.Measured] = {}
        """What was told last, by connector."""

    def of_connector(
        self, member: Member, request: MeterValues, limit_a: float, received_at: datetime
    ) -> bool | None:
        """A charge point tells what a connector draws that may have so much on a phase.

        Whether its clock is late, where that is not what was known before; else None.
        """
        flow = flow_of(request.meter_value)
        if flow is None:
            return None
        check = self._clocks.setdefault(member.id, ClockCheck(self._settings.margin_s / 2))
        changed = check.is_off != check.see(flow.at, received_at)
        at = self._time.since(flow.at, received_at)
        measured = facts.Measured(member.id, currents_of(flow, member.phases, limit_a), at)
        self.measured[member.id] = measured
        self._lows.setdefault(member.id, Lows(self._settings.fresh_s)).add(at, measured.currents_a)
        self._tell(measured)
        return check.is_off if changed else None

    def of_fuse(
        self,
        wiring: Wiring,
        fuse: str,
        flow: Flow,
        total: bool,
        received_at: datetime,
        fresh_s: float | None = None,
    ) -> None:
        """A meter tells what flows through a fuse; `total`: what the connectors draw is in it.

        It counts for `fresh_s` seconds; None: as long as all readings of the site.
        """
        at = self._time.since(flow.at, received_at)
        power_w = flow.power_w
        if flow.phases_a is not None:
            net = list(flow.phases_a)
            power_w = sum(net) * LINE_VOLTAGE_V
        else:  # whichever phase it flows on, that is the most that it can be
            net = [(flow.power_w or 0.0) / LINE_VOLTAGE_V] * GRID_PHASES
        charging = self._surely_drawn(wiring, fuse, at) if total else [0.0] * GRID_PHASES
        one, two, three = (current - drawn for current, drawn in zip(net, charging, strict=True))
        measured = facts.OthersMeasured(fuse, (one, two, three), at, fresh_s)
        self._others[fuse] = measured
        self._tell(measured)
        told = at - self._surplus_at <= self._settings.fresh_s
        if wiring.fuses[fuse] == wiring.root and not told and power_w is not None:
            self._tell(facts.SurplusMeasured(sum(charging) * LINE_VOLTAGE_V - power_w, at))

    def surplus(self, power_w: float, at: datetime, received_at: datetime) -> None:
        """Somebody tells what the sun gives beyond what others draw."""
        self._surplus_at = self._time.since(at, received_at)
        self._tell(facts.SurplusMeasured(power_w, self._surplus_at))

    def tell_again(self, wiring: Wiring) -> None:
        """What was told last, to a controller that is new."""
        for measured in self.measured.values():
            self._tell(measured)
        for name, others in self._others.items():
            if name in wiring.fuses:
                self._tell(others)

    def _surely_drawn(self, wiring: Wiring, fuse: str, at: float) -> list[float]:
        """The least that connectors have lately drawn through a fuse, on L1, L2 and L3."""
        number = wiring.fuses[fuse]
        drawn = [0.0] * GRID_PHASES
        for place, connector in enumerate(wiring.site.connectors):
            lows = self._lows.get(connector.id)
            if lows is None or connector.rotation is Rotation.UNKNOWN:
                continue
            for phase, lines in enumerate(wiring.phase_lines(place)):
                for line in lines:
                    if line // GRID_PHASES == number:
                        drawn[line % GRID_PHASES] += lows.least(phase, at)
        return drawn
